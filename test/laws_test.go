package test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// The laws, which hold for every type of resource:
//
//  1. planning leaves the node as it was, and works on a read-only tree;
//  2. planning twice gives the same plan;
//  3. after applying, planning finds nothing, and nothing that was not in the
//     plan has changed;
//  4. undoing brings back what was there;
//  5. killed after any number of its changes, the next run converges;
//  6. no secret appears in anything that is said;
//  7. a declaration survives decode, encode, decode, and passes the schema;
//  8. what is there can be imported: as a manifest that has nothing to plan.
//
// Every file in cases/ is tried on all eight, on a sandbox, on a sandbox without
// privileges, and on a real node. laws_case_test.go tells what is in such a file.
func TestLaws(t *testing.T) {
	if root, inside := os.LookupEnv(lawsRoot); inside {
		tryAll(t, func(*testing.T) string { return root })
		return
	}
	t.Parallel()
	tryAll(t, sandbox)
}

// lawsRoot is set in the test binary that TestLawsOnNode starts there, to the
// root of the tree that all cases are tried on: "".
const lawsRoot = "MNW_TEST_LAWS_ROOT"

func tryAll(t *testing.T, root func(*testing.T) string) {
	for _, c := range cases(t) {
		if where := root(t); c.fits(where) {
			t.Run(c.name, func(t *testing.T) { try(t, c, where) })
		}
	}
}

// Without privileges owners are neither changed nor compared; all else holds.
func TestUnprivileged(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("all tests are unprivileged")
	}
	t.Parallel()
	const nobody = 65534
	dir, err := os.MkdirTemp("", "laws-") // t.TempDir is in a directory of root's own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	here, binary := filepath.Join(dir, "test"), filepath.Join(dir, "unprivileged.test")
	if err := errors.Join(
		os.Chown(dir, nobody, nobody),
		// Copied by another program: a child that some other test starts meanwhile would
		// have this one's file open for writing, and then nobody could execute it.
		exec.Command("cp", fmt.Sprintf("/proc/%d/exe", os.Getpid()), binary).Run(),
		os.CopyFS(filepath.Join(here, "script"), os.DirFS("script")),
		os.CopyFS(filepath.Join(dir, "examples"), os.DirFS("../examples")),
	); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-test.run=^(TestLaws|TestScripts)$")
	cmd.Dir = here
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestLawsOnNode(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	const binary = "/root/laws.test"
	m.WriteFile(binary, string(testBinary(t)), 0o755)
	if result := m.Run("env", lawsRoot+"=", binary, "-test.run=^TestLaws$"); result.Code != 0 {
		t.Error(result)
	}
}

// testBinary is the program that runs this test.
func testBinary(t *testing.T) []byte {
	t.Helper()
	binary, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	return binary
}
