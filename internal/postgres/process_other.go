//go:build !linux

package postgres

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/aloft-dev/aloft"
)

var errRoot = errors.New("PostgreSQL refuses to run as root")

// confine gives cmd its own process group.
func confine(cmd *exec.Cmd) error {
	if os.Geteuid() == 0 {
		return refusal(errRoot)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return nil
}

func isRefused(err error) bool { return errors.Is(err, errRoot) }

func refusal(err error) error {
	return aloft.Errorf(aloft.CodeUnavailable, "cannot run PostgreSQL: %w", err).
		WithHint("run aloft as an ordinary user")
}

// isPostmaster reports whether pid is the server of a data folder.
func isPostmaster(pid int, data string) bool {
	out, err := exec.Command("ps", "-p", strconv.Itoa(pid), "-o", "command=").Output()
	return err == nil && strings.Contains(string(out), "postgres") && strings.Contains(string(out), data)
}
