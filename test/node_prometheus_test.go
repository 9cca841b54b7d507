package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// A watched is a node with Debian's node_exporter, Prometheus and Alertmanager, as
// the examples configure them but for their times: what takes five minutes there
// takes as long as every here, and Prometheus looks each second. Who is told is a
// webhook, for each receiver.
type watched struct {
	*boot.Machine
	t *testing.T
}

const (
	every       = 4 * time.Second
	webhook     = "127.0.0.1:9095"
	webhookFile = "/var/log/webhook"
)

// watch boots the node and starts all of that.
func watch(t *testing.T) watched {
	t.Helper()
	w := watched{boot.Node(t, boot.Monitoring()), t}
	for _, name := range []string{rulesFile, "prometheus.yml", "alertmanager.yml"} {
		text, err := os.ReadFile(path.Join(monitoring, name))
		if err != nil {
			t.Fatal(err)
		}
		w.WriteFile(path.Join(monitoringPlace, name), hastened(t, name, string(text)), 0o644)
	}
	for service, args := range map[string]string{
		"prometheus":               "--web.listen-address=127.0.0.1:9090",
		"prometheus-alertmanager":  "--web.listen-address=127.0.0.1:9093 --cluster.listen-address=", // a cluster needs a network
		"prometheus-node-exporter": "--web.listen-address=127.0.0.1:9100 --collector.disable-defaults --collector.textfile",
	} {
		w.WriteFile("/etc/default/"+service, "ARGS=\""+args+"\"\n", 0o644)
	}
	w.Install("test/webhook", "/usr/local/bin/webhook")
	w.Must("systemd-run", "--unit=webhook", "/usr/local/bin/webhook", webhook, webhookFile)
	w.Must("systemctl", "start", "prometheus-node-exporter", "prometheus-alertmanager", "prometheus")
	for _, ready := range []string{"9090/-/ready", "9093/-/ready"} {
		w.MustSh("curl --silent --show-error --fail --retry 60 --retry-delay 1 --retry-all-errors http://127.0.0.1:" + ready)
	}
	return w
}

var (
	waits     = regexp.MustCompile(`(?m)(for: |\[|(?:group_wait|group_interval|repeat_interval): )(\d+[smhd])`)
	intervals = regexp.MustCompile(`(?m)^( +expr: )300 \*`)
	looks     = regexp.MustCompile(`(?m)^(  (?:scrape|evaluation)_interval: ).*`)
)

// hastened is one of the examples for a node whose agent runs more often.
func hastened(t *testing.T, name, text string) string {
	t.Helper()
	before := text
	text = intervals.ReplaceAllString(text, fmt.Sprintf("${1}%d *", every/time.Second))
	text = looks.ReplaceAllString(text, "${1}1s")
	text = waits.ReplaceAllStringFunc(text, func(found string) string {
		parts := waits.FindStringSubmatch(found)
		n, _ := strconv.Atoi(parts[2][:len(parts[2])-1])
		unit := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[parts[2][len(parts[2])-1]]
		return fmt.Sprintf("%s%dms", parts[1], (time.Duration(n) * unit / (5 * time.Minute / every)).Milliseconds())
	})
	if text == before {
		t.Fatalf("%s has no times", name)
	}
	if name == "alertmanager.yml" {
		return told(t, text)
	}
	return text
}

// told is a configuration of Alertmanager whose receivers are all the webhook.
func told(t *testing.T, text string) string {
	t.Helper()
	var config map[string]any
	if err := yaml.Unmarshal([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	receivers, _ := config["receivers"].([]any)
	for i := range receivers {
		name := receivers[i].(map[string]any)["name"]
		receivers[i] = map[string]any{"name": name, "webhook_configs": []any{
			map[string]any{"url": "http://" + webhook, "send_resolved": true},
		}}
	}
	out, err := yaml.Marshal(config)
	if err != nil || len(receivers) == 0 {
		t.Fatalf("%d receivers: %v", len(receivers), err)
	}
	return string(out)
}

// ask asks an HTTP API of the node; it is not there yet when that fails.
func (w watched) ask(into any, url string, args ...string) error {
	result := w.Run(append([]string{"curl", "--silent", "--show-error", "--get", url}, args...)...)
	if result.Code != 0 {
		return fmt.Errorf("%s: %s", url, result)
	}
	return json.Unmarshal([]byte(result.Stdout), into)
}

// A sample is one series of Prometheus and its value.
type sample struct {
	labels map[string]string
	value  float64
}

func (s sample) String() string { return fmt.Sprintf("%v = %v\n", s.labels, s.value) }

// query is what Prometheus answers.
func (w watched) query(promql string) []sample {
	w.t.Helper()
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := w.ask(&answer, "http://127.0.0.1:9090/api/v1/query", "--data-urlencode", "query="+promql); err != nil {
		return nil
	}
	if answer.Status != "success" {
		w.t.Fatalf("%s: %s", promql, answer.Error)
	}
	var samples []sample
	for _, r := range answer.Data.Result {
		text, _ := r.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			w.t.Fatalf("%s: %v", promql, err)
		}
		samples = append(samples, sample{r.Metric, value})
	}
	return samples
}

// await waits until Prometheus has an answer to a query.
func (w watched) await(promql string) []sample {
	w.t.Helper()
	var samples []sample
	w.until("nothing is "+promql, func() bool {
		samples = w.query(promql)
		return len(samples) > 0
	})
	return samples
}

// until waits for something, and says at its end what fires.
func (w watched) until(complaint string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s\nalerts: %v\ntold: %v\n%s", complaint, w.query("ALERTS"), w.notices(), w.Run(boot.AgentPath, "status"))
		}
	}
}

// A notice is what Alertmanager has told a receiver of one alert.
type notice struct {
	receiver            string
	Status              string
	Labels, Annotations map[string]string
}

// notices is all that the webhook was sent so far.
func (w watched) notices() []notice {
	w.t.Helper()
	var all []notice
	for decoder := json.NewDecoder(strings.NewReader(w.ReadFile(webhookFile))); decoder.More(); {
		var message struct {
			Receiver string
			Alerts   []notice
		}
		if err := decoder.Decode(&message); err != nil {
			w.t.Fatalf("webhook: %v", err)
		}
		for _, n := range message.Alerts {
			n.receiver = message.Receiver
			all = append(all, n)
		}
	}
	return all
}

func (n notice) String() string { return fmt.Sprintf("%s: %s %v\n", n.receiver, n.Status, n.Labels) }

// fires says whether the notice is that an alert with some labels fires.
func (n notice) fires(alert string, labels map[string]string) bool {
	return n.Status == "firing" && n.Labels["alertname"] == alert && has(n.Labels, labels)
}

func has(all, some map[string]string) bool {
	for name, value := range some {
		if all[name] != value {
			return false
		}
	}
	return true
}

// reaches waits until a receiver is told of an alert.
func (w watched) reaches(receiver, alert string, labels map[string]string) {
	w.t.Helper()
	w.until(fmt.Sprintf("%s is not told of %s %v", receiver, alert, labels), func() bool {
		return slices.ContainsFunc(w.notices(), func(n notice) bool { return n.receiver == receiver && n.fires(alert, labels) })
	})
}

// inhibited waits until an alert fires of which nobody is told, since another one
// says it.
func (w watched) inhibited(alert string) {
	w.t.Helper()
	w.until(alert+" is not inhibited", func() bool {
		var alerts []struct {
			Labels map[string]string
			Status struct{ InhibitedBy []string }
		}
		if err := w.ask(&alerts, "http://127.0.0.1:9093/api/v2/alerts"); err != nil {
			return false
		}
		for _, a := range alerts {
			if a.Labels["alertname"] == alert && len(a.Status.InhibitedBy) > 0 {
				return true
			}
		}
		return false
	})
}
