package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/journal"

	"github.com/makenotwork/mnw-agent/agent"
)

// This file sends reports to systemd's journal when the program runs as a
// service, as entries with fields of their own (systemd.journal-fields(7)):
//
//	journalctl MNW_AGENT_RESOURCE=file:/etc/motd
//	journalctl --output=json MNW_AGENT_RESULT=rolled_back
//
// Each resource that is not simply as declared, and each check that does not
// pass, has an entry; the run as a whole has one that holds the report, the same
// document as --json prints, in MNW_AGENT_REPORT.

// isService says whether standard error goes to the journal: then JOURNAL_STREAM
// names its device and inode (systemd.exec(5)).
func isService() bool {
	device, inode, ok := strings.Cut(os.Getenv("JOURNAL_STREAM"), ":")
	var st syscall.Stat_t
	if !ok || syscall.Fstat(2, &st) != nil {
		return false
	}
	return device == strconv.FormatUint(st.Dev, 10) && inode == strconv.FormatUint(st.Ino, 10)
}

// priorities are those of outcomes that are worth an entry.
var priorities = map[agent.Outcome]journal.Priority{
	agent.OutcomeDiffers:  journal.PriNotice,
	agent.OutcomeChanged:  journal.PriNotice,
	agent.OutcomeAudited:  journal.PriNotice,
	agent.OutcomeReverted: journal.PriWarning,
	agent.OutcomeUnproven: journal.PriWarning,
	agent.OutcomeSkipped:  journal.PriWarning,
	agent.OutcomeFighting: journal.PriErr,
	agent.OutcomeFailed:   journal.PriErr,
	agent.OutcomeRefused:  journal.PriErr,
}

// toJournal sends a report.
func toJournal(r *agent.Report) error {
	for i := range r.Resources {
		one := &r.Resources[i]
		priority, worth := priorities[one.Outcome]
		if !worth {
			continue
		}
		if err := journal.Send(resourceMessage(one), priority, resourceFields(r, one)); err != nil {
			return err
		}
	}
	document, err := json.Marshal(r)
	if err != nil {
		return err
	}
	fields := runFields(r)
	fields["MNW_AGENT_REPORT"] = string(document)
	priority := journal.PriInfo
	if _, bad := statuses[r.Result]; bad && r.Result != agent.Differs {
		priority = journal.PriErr
	}
	return journal.Send(strings.TrimSpace(tally(r)+" "+ending(r)), priority, fields)
}

func resourceMessage(r *agent.ResourceReport) string {
	message := fmt.Sprintf("%s %s", r.ID, r.Outcome)
	for _, c := range r.Changes {
		message += "\n" + c.Line
	}
	for _, text := range r.Differs {
		message += "\n" + text
	}
	if r.Error != "" {
		message += "\n" + r.Error
	}
	return message
}

func resourceFields(r *agent.Report, one *agent.ResourceReport) map[string]string {
	fields := runFields(r)
	fields["MNW_AGENT_RESOURCE"] = one.ID
	fields["MNW_AGENT_TYPE"] = one.Type
	fields["MNW_AGENT_OUTCOME"] = string(one.Outcome)
	return fields
}

func runFields(r *agent.Report) map[string]string {
	return map[string]string{
		"MNW_AGENT_MODE":     string(r.Mode),
		"MNW_AGENT_MANIFEST": r.Manifest,
		"MNW_AGENT_RESULT":   string(r.Result),
		"MNW_AGENT_RUN":      strconv.Itoa(r.Run),
	}
}
