package main_test

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestFaults injects one fault of each kind, and proves that each check can
// fail. The suite is built without the race detector, whose programs end a
// second late; docs/reliability.md tells of the long run.
func TestFaults(t *testing.T) {
	suite := filepath.Join(t.TempDir(), "faults")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", suite, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	command := exec.CommandContext(t.Context(), suite, "--seed", "7", "--prove")
	command.Stdout, command.Stderr = t.Output(), t.Output()
	if err := command.Run(); err != nil {
		t.Error(err)
	}
}
