package worktree

import (
	"context"
	"os/exec"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Git runs a command of git in a folder, "" = where this program was started, and
// returns its output without the line break at its end.
func Git(ctx context.Context, dir string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir = dir
	output, err := command.Output()
	if err != nil {
		return "", aloft.Errorf(aloft.CodeFailed, "git %s: %w", args[0], err)
	}
	return strings.TrimSpace(string(output)), nil
}
