//go:build !linux

package store_test

import (
	"os"
	"os/exec"
)

func ordinary(cmd *exec.Cmd) *exec.Cmd {
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	return cmd
}
