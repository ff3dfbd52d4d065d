package state_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	aloft "github.com/aloft-dev/aloft"
)

// TestEngines drives the handler with each real engine that is on the PATH.
func TestEngines(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"terraform", "tofu"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			program, err := exec.LookPath(engine)
			if err != nil {
				t.Skipf("%s is not on the PATH", engine)
			}
			t.Run("an apply and a destroy are kept, sealed", func(t *testing.T) { applyAndDestroy(t, program) })
			t.Run("the second of two applies is told who holds the lock", func(t *testing.T) { conflict(t, program) })
			t.Run("a lock left by a killed engine can be forced", func(t *testing.T) { killed(t, program) })
			t.Run("an older state is kept aside when it is pushed with force, and can be restored", func(t *testing.T) { push(t, program) })
			t.Run("1000 resources", func(t *testing.T) { thousand(t, program) })
		})
	}
}

const secret = "a-value-that-must-not-lie-readable"

// project is a folder of Terraform whose state is in a backend.
type project struct {
	t       *testing.T
	program string
	dir     string
	b       *backend
	user    string // see runs
}

func newProject(t *testing.T, program, resources string) *project {
	t.Helper()
	p := &project{t, program, t.TempDir(), newBackend(t), "aloft"}
	p.write("terraform {\n  backend \"http\" {}\n}\n" + resources)
	p.run("init", "-input=false")
	return p
}

func (p *project) write(text string) {
	if err := os.WriteFile(filepath.Join(p.dir, "main.tf"), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *project) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(p.t.Context(), p.program, args...)
	cmd.Dir = p.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "TMPDIR=" + os.TempDir(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
		"TF_HTTP_ADDRESS=" + p.b.url(), "TF_HTTP_LOCK_ADDRESS=" + p.b.url(), "TF_HTTP_UNLOCK_ADDRESS=" + p.b.url(),
		"TF_HTTP_LOCK_METHOD=LOCK", "TF_HTTP_UNLOCK_METHOD=UNLOCK",
		"TF_HTTP_USERNAME=" + p.user, "TF_HTTP_PASSWORD=" + password,
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// run runs the engine, which must succeed, and returns what it wrote.
func (p *project) run(args ...string) string {
	p.t.Helper()
	out, err := p.command(args...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (p *project) versions() []aloft.StateVersion {
	p.t.Helper()
	versions, err := p.b.history.Versions(p.t.Context(), shop)
	if err != nil {
		p.t.Fatal(err)
	}
	return versions
}

func applyAndDestroy(t *testing.T, program string) {
	t.Parallel()
	p := newProject(t, program, fmt.Sprintf("resource \"terraform_data\" \"a\" {\n  input = %q\n}\noutput \"a\" {\n  value = terraform_data.a.output\n}\n", secret))
	p.run("apply", "-auto-approve", "-input=false")
	applied := p.versions()
	if len(applied) == 0 || applied[0].Resources != 1 || applied[0].Lineage == "" {
		t.Fatalf("%+v", applied)
	}
	if out := p.run("output", "-raw", "a"); out != secret {
		t.Error(out)
	}
	for _, version := range applied {
		_, sealed, err := p.b.State(t.Context(), shop, version.Version)
		if err != nil || bytes.Contains(sealed, []byte(secret)) || bytes.Contains(sealed, []byte("terraform_data")) {
			t.Error("a version can be read where it is stored")
		}
	}
	p.run("destroy", "-auto-approve", "-input=false")
	if destroyed := p.versions()[0]; destroyed.Resources != 0 || destroyed.Serial <= applied[0].Serial {
		t.Errorf("%+v", destroyed)
	}
	if _, err := p.b.StateLock(t.Context(), shop); aloft.ErrorCode(err) != aloft.CodeNotFound {
		t.Error("the lock is left")
	}
	if _, err := p.b.history.Restore(t.Context(), shop, applied[0].Version); err != nil {
		t.Fatal(err)
	}
	if out := p.run("state", "list"); strings.TrimSpace(out) != "terraform_data.a" {
		t.Error(out)
	}
	p.run("apply", "-auto-approve", "-input=false")
}

// begin starts an apply that stops in the middle, with the lock, until the
// returned function lets it go on.
func (p *project) begin() (apply *exec.Cmd, holder aloft.Lock, goOn func()) {
	p.t.Helper()
	gate := filepath.Join(p.dir, "gate")
	if err := syscall.Mkfifo(gate, 0o600); err != nil {
		p.t.Fatal(err)
	}
	locked := p.b.listen()
	apply = p.command("apply", "-auto-approve", "-input=false")
	if err := apply.Start(); err != nil {
		p.t.Fatal(err)
	}
	holder = <-locked
	file, err := os.OpenFile(gate, os.O_WRONLY, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	return apply, holder, func() { file.Close() }
}

const gated = "resource \"terraform_data\" \"a\" {\n  provisioner \"local-exec\" {\n    command = \"cat gate\"\n  }\n}\n"

func conflict(t *testing.T, program string) {
	t.Parallel()
	p := newProject(t, program, gated)
	p.user = "run-42"
	first, holder, goOn := p.begin()
	out, err := p.command("apply", "-auto-approve", "-input=false").CombinedOutput()
	if err == nil || !strings.Contains(string(out), holder.ID) || !strings.Contains(string(out), holder.Who) || !strings.Contains(string(out), "already locked") {
		t.Errorf("%v\n%s", err, out)
	}
	goOn()
	if err := first.Wait(); err != nil {
		t.Error(err)
	}
	if holder.RunID != 42 || p.versions()[0].RunID != 42 {
		t.Error("the run is not recorded")
	}
}

func killed(t *testing.T, program string) {
	t.Parallel()
	p := newProject(t, program, gated)
	p.user = "run-42"
	first, holder, goOn := p.begin()
	p.user = "aloft"
	syscall.Kill(-first.Process.Pid, syscall.SIGKILL)
	first.Wait()
	goOn()
	p.write("terraform {\n  backend \"http\" {}\n}\n")
	if out, err := p.command("apply", "-auto-approve", "-input=false").CombinedOutput(); err == nil || !strings.Contains(string(out), holder.ID) {
		t.Errorf("%v\n%s", err, out)
	}
	p.b.runs(42, true)
	if out, err := p.command("force-unlock", "-force", holder.ID).CombinedOutput(); err == nil {
		t.Errorf("the lock of a living run is opened\n%s", out)
	}
	p.b.runs(42, false)
	p.run("force-unlock", "-force", holder.ID)
	p.run("apply", "-auto-approve", "-input=false")
}

func push(t *testing.T, program string) {
	t.Parallel()
	const one = "resource \"terraform_data\" \"a\" {\n}\n"
	p := newProject(t, program, one)
	p.run("apply", "-auto-approve", "-input=false")
	old := filepath.Join(p.dir, "old.tfstate")
	if err := os.WriteFile(old, []byte(p.run("state", "pull")), 0o600); err != nil {
		t.Fatal(err)
	}
	p.write("terraform {\n  backend \"http\" {}\n}\n" + one + strings.ReplaceAll(one, `"a"`, `"b"`))
	p.run("apply", "-auto-approve", "-input=false")
	if out, err := p.command("state", "push", old).CombinedOutput(); err == nil {
		t.Errorf("pushed without force\n%s", out)
	}
	before := p.versions()[0]
	if out, err := p.command("state", "push", "-force", old).CombinedOutput(); err == nil || p.versions()[0] != before {
		t.Errorf("an older state has replaced a newer one\n%s", out)
	}
	aside, err := p.b.history.Aside(t.Context(), shop)
	if err != nil || len(aside) != 1 {
		t.Fatal(aside, err)
	}
	if _, err := p.b.history.Restore(t.Context(), shop, aside[0].Version); err != nil {
		t.Fatal(err)
	}
	if newest := p.versions()[0]; newest.Resources != 1 {
		t.Errorf("%+v", newest)
	}
}

func thousand(t *testing.T, program string) {
	t.Parallel()
	p := newProject(t, program, "resource \"terraform_data\" \"many\" {\n  count = 1000\n  input = count.index\n}\n")
	start := time.Now()
	p.run("apply", "-auto-approve", "-input=false")
	t.Logf("applied in %v", time.Since(start).Round(time.Millisecond))
	if newest := p.versions()[0]; newest.Resources != 1000 {
		t.Errorf("%d resources", newest.Resources)
	}
}
