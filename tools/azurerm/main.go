// The azurerm program gets the Terraform provider of Azure that our modules are
// checked with, and tells where it is. From the network it comes as a release;
// without one it is built with the Go toolchain, once, which takes about ten
// minutes and 6 GB of disk on two processors. It imports the standard library
// only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

const usage = `usage: go run ./tools/azurerm [-check] [-schema FILE] [-modules DIR]

Prints the folder of a filesystem mirror that holds the azurerm provider, which
it makes when it is missing. Name the folder in a file that TF_CLI_CONFIG_FILE
names:

  provider_installation {
    filesystem_mirror {
      path = "..."
    }
  }

`

// exitMissing is the status of -check when the provider is not there.
const exitMissing = 3

func main() {
	check := flag.Bool("check", false, fmt.Sprintf("only look: exit with %d when the provider is not there", exitMissing))
	schema := flag.String("schema", "", "write the schema of what the modules use to this `file`, too")
	modules := flag.String("modules", "internal/blueprint/modules/azure", "`folder` of the modules, for -schema")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, *check, *schema, *modules)
	switch {
	case errors.Is(err, errMissing):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitMissing)
	case err != nil:
		fmt.Fprintln(os.Stderr, "azurerm:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, check bool, schema, modules string) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("there are no arguments, only flags: %q", flag.Args())
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return fmt.Errorf("there is no cache folder: %w", err)
	}
	cache = filepath.Join(cache, "aloft")
	m := mirror{dir: filepath.Join(cache, "providers"), cache: cache}
	if !m.complete() {
		if check {
			return fmt.Errorf("%w in %s; go run ./tools/azurerm gets it", errMissing, m.dir)
		}
		if err := m.fill(ctx); err != nil {
			return err
		}
	}
	if schema != "" {
		if err := m.writeSchema(ctx, modules, schema); err != nil {
			return fmt.Errorf("cannot write the schema: %w", err)
		}
	}
	fmt.Println(m.dir)
	return nil
}

// say prints a line of progress.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "-----> "+format+"\n", args...)
}
