// Command faults proves that Aloft loses nothing: it runs a real server with a
// real engine, real git and a fake cloud, does harm to them, and looks whether
// everything is in order afterwards. docs/reliability.md tells how.
//
// It is test code of the project and no part of the program aloft.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

// isProvider reports whether an engine has started this program as a plugin:
// the suite installs itself under the name of one.
func isProvider() bool { return strings.HasPrefix(filepath.Base(os.Args[0]), providerProgram) }

func run(args []string) error {
	switch {
	case isProvider():
		return serveProvider()
	case len(args) == 1 && args[0] == "cloud":
		return showCloud()
	}
	return fmt.Errorf("usage: faults cloud")
}
