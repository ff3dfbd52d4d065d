// Command faults proves that Aloft loses nothing: it runs a real server with a
// real engine, real git, real PostgreSQL and a fake cloud, does harm to them at
// chosen moments, and looks whether everything is in order afterwards.
// docs/reliability.md tells how.
//
// It is test code of the project and no part of the program aloft.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	err := run(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

// isProgram reports whether this program was started under another name: it
// is also the provider of its cloud and the app that it pushes.
func isProgram(name string) bool { return strings.HasPrefix(filepath.Base(os.Args[0]), name) }

func run(args []string) error {
	switch {
	case isProgram(providerProgram):
		return serveProvider()
	case isProgram(appProgram):
		return serveApp(args)
	case len(args) == 1 && args[0] == "cloud":
		return showCloud()
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if !startedAgain() {
		return startAgain(ctx, args)
	}
	return runSuite(ctx, o)
}

// options tell what the suite does.
type options struct {
	seed   uint64
	faults int      // how many
	only   int      // number of the one fault to inject; 0 = all
	kinds  []string // names of the kinds to choose from; empty = all
	prove  bool     // also prove that the checks can fail
	keep   bool     // leave the folder behind
	long   bool     // freeze servers for a minute
}

func parse(args []string) (options, error) {
	var o options
	var kinds string
	flags := flag.NewFlagSet("faults", flag.ContinueOnError)
	flags.Uint64Var(&o.seed, "seed", 1, "`number` that everything random is drawn from")
	flags.IntVar(&o.faults, "faults", len(kindsOfFaults), "how `many` faults are injected; the first ones are one of each kind")
	flags.IntVar(&o.only, "only", 0, "inject only the fault with this `number`")
	flags.StringVar(&kinds, "kinds", "", "`names` of the kinds to choose from, with commas between them (default all)")
	flags.BoolVar(&o.prove, "prove", false, "also break every invariant on purpose, and want it to be seen")
	flags.BoolVar(&o.keep, "keep", false, "leave the folder with data and logs behind, and print where it is")
	flags.BoolVar(&o.long, "long", false, "let a server stand still for a whole minute where it does, not a quarter of one")
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "Usage: go run ./faults [flags]\n       go run ./faults cloud\n\n")
		flags.PrintDefaults()
		fmt.Fprintf(flags.Output(), "\nThe kinds are:\n")
		for _, k := range kindsOfFaults {
			fmt.Fprintf(flags.Output(), "  %-16s %s\n", k.name, k.text)
		}
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("there is no %q: see --help", flags.Arg(0))
	}
	if kinds != "" {
		o.kinds = strings.Split(kinds, ",")
	}
	for _, name := range o.kinds {
		if !isKind(name) {
			return o, fmt.Errorf("there is no kind %q: see --help", name)
		}
	}
	return o, nil
}
