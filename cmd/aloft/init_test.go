package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestInit tells the stories of who makes files and changes them; they need
// neither a server nor an engine.
func TestInit(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/init",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			home := ownHome(env)
			for _, role := range []string{"AUTHOR", "COMMITTER"} {
				env.Setenv("GIT_"+role+"_NAME", "Alice")
				env.Setenv("GIT_"+role+"_EMAIL", "alice@example.com")
			}
			return os.MkdirAll(home, 0o700)
		},
	})
}

// ownHome gives a script a home of its own, and git nothing of this machine's.
func ownHome(env *testscript.Env) string {
	home := filepath.Join(env.WorkDir, "home")
	env.Setenv("HOME", home)
	env.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	env.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(home, ".gitconfig"))
	env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	return home
}
