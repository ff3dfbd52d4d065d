package aloft_test

import (
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

func TestBranchRule(t *testing.T) {
	for _, test := range []struct {
		branch, environment, hint string
		invalid                   bool
	}{
		{branch: "env-alice", environment: "alice"},
		{branch: "env-1", environment: "1"},
		{branch: "env-a-b--c", environment: "a-b--c"},
		{branch: "env-" + strings.Repeat("a", 20), environment: strings.Repeat("a", 20)},
		{branch: "main"},
		{branch: "environment"},
		{branch: "feature/env-alice"},
		{branch: "env-", invalid: true},
		{branch: "env--alice", invalid: true, hint: "env-alice"},
		{branch: "env-alice-", invalid: true, hint: "env-alice"},
		{branch: "env-Alice", invalid: true, hint: "env-alice"},
		{branch: "env-alice/login", invalid: true, hint: "env-alice-login"},
		{branch: "env-alice_1", invalid: true, hint: "env-alice-1"},
		{branch: "env-älice", invalid: true, hint: "env-lice"},
		{branch: "env-" + strings.Repeat("a", 21), invalid: true, hint: "env-" + strings.Repeat("a", 20)},
		{branch: "env-a;rm -rf", invalid: true, hint: "env-a-rm-rf"},
		{branch: "env-a\n", invalid: true, hint: "env-a"},
	} {
		t.Run(test.branch, func(t *testing.T) {
			name, err := aloft.EnvironmentOfBranch(test.branch)
			if name != test.environment || (err != nil) != test.invalid {
				t.Fatalf("got %q, %v", name, err)
			}
			if test.invalid && aloft.ErrorCode(err) != aloft.CodeInvalid {
				t.Errorf("code %q", aloft.ErrorCode(err))
			}
			if hint := aloft.ErrorHint(err); !strings.HasSuffix(hint, test.hint) {
				t.Errorf("hint %q, want one that ends in %q", hint, test.hint)
			}
		})
	}
}

func FuzzNearestNameIsValid(f *testing.F) {
	for _, seed := range []string{"Alice", "--", "a b c", "ÄÖÜ", "feature/x_y", strings.Repeat("é-", 40)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		near := aloft.NearestName(name, aloft.MaxEnvironmentName)
		if near == "" {
			return
		}
		if err := aloft.ValidateEnvironmentName(near); err != nil {
			t.Errorf("the nearest name of %q: %v", name, err)
		}
		if aloft.ValidateEnvironmentName(name) == nil && near != name {
			t.Errorf("%q is valid, but the nearest name is %q", name, near)
		}
		if again := aloft.NearestName(near, aloft.MaxEnvironmentName); again != near {
			t.Errorf("the nearest name of %q is %q, and of that %q", name, near, again)
		}
	})
}

// follows is the branch rule as docs/cli.md tells it, written another way.
func follows(name string, limit int) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	return name != "" && len(name) <= limit && strings.Trim(name, letters+"-") == "" &&
		strings.Contains(letters, name[:1]) && strings.Contains(letters, name[len(name)-1:])
}

func FuzzBranchRule(f *testing.F) {
	for _, branch := range []string{"env-alice", "env-", "env--", "main", "env-a\n", "env-ä", "env-A", "env-" + strings.Repeat("a", 21), "env-a-", "refs/heads/env-a", "env-env-a"} {
		f.Add(branch)
	}
	f.Fuzz(func(t *testing.T, branch string) {
		name, err := aloft.EnvironmentOfBranch(branch)
		rest, isEnvironment := strings.CutPrefix(branch, "env-")
		switch {
		case !isEnvironment && (name != "" || err != nil):
			t.Errorf("%q is no environment, got %q, %v", branch, name, err)
		case isEnvironment && (err == nil) != follows(rest, 20):
			t.Errorf("%q: %v", branch, err)
		case err != nil && (aloft.ErrorCode(err) != aloft.CodeInvalid || name != ""):
			t.Errorf("%q gives %q, %s", branch, name, aloft.ErrorCode(err))
		case name != "" && (aloft.EnvironmentKey{Project: "p", Environment: name}).Branch() != branch:
			t.Errorf("%q does not come back from %q", branch, name)
		}
		if (aloft.ValidateProjectName(branch) == nil) != follows(branch, 40) || (aloft.ValidateAppName(branch) == nil) != follows(branch, 30) {
			t.Errorf("%q as the name of a project or an app", branch)
		}
	})
}

func TestStatusMoves(t *testing.T) {
	for _, test := range []struct {
		from, to aloft.EnvironmentStatus
		allowed  bool
	}{
		{aloft.EnvironmentCreating, aloft.EnvironmentReady, true},
		{aloft.EnvironmentReady, aloft.EnvironmentReady, true},
		{aloft.EnvironmentReady, aloft.EnvironmentCreating, false},
		{aloft.EnvironmentDestroyed, aloft.EnvironmentCreating, true},
		{aloft.EnvironmentDestroyed, aloft.EnvironmentReady, false},
		{aloft.EnvironmentDestroying, aloft.EnvironmentReady, false},
		{aloft.EnvironmentDegraded, aloft.EnvironmentUpdating, true},
	} {
		if got := test.from.CanBecome(test.to); got != test.allowed {
			t.Errorf("%s to %s: %t", test.from, test.to, got)
		}
	}
	for _, test := range []struct {
		from, to aloft.RunStatus
		allowed  bool
	}{
		{aloft.RunQueued, aloft.RunRunning, true},
		{aloft.RunRunning, aloft.RunSuperseded, false},
		{aloft.RunWaiting, aloft.RunQueued, true},
		{aloft.RunSucceeded, aloft.RunRunning, false},
		{aloft.RunFailed, aloft.RunQueued, false},
	} {
		if got := test.from.CanBecome(test.to); got != test.allowed {
			t.Errorf("%s to %s: %t", test.from, test.to, got)
		}
	}
}
