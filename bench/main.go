// Command bench measures the figures that Aloft wants to reach, against what
// somebody would write by hand, and says which it misses. README.md tells how to
// read them.
//
// It drives the real programs as users do: the aloft command, its server, git,
// an engine. It may import every room.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	if role, ok := roles[filepath.Base(os.Args[0])]; ok {
		exit(role(os.Args[1:]))
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func exit(err error) {
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// run measures the named topics, or all, and reports. Missing a bound is an error.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(progress)
	asJSON := flags.Bool("json", false, "report as JSON")
	before := flags.String("before", "", "compare pushes with the build of this `revision`, too (topic before)")
	keep := flags.Bool("keep", false, "keep the folder with all data and logs")
	flags.Usage = func() { usage(progress, flags) }
	if err := flags.Parse(args); err != nil {
		if err == flag.ErrHelp {
			return nil
		}
		return err
	}
	chosen, err := choose(flags.Args())
	if err == nil && *before == "" {
		chosen = slices.DeleteFunc(slices.Clone(chosen), func(t topic) bool { return t.name == topicBefore })
	}
	if err != nil {
		return err
	}
	l, err := openLab(ctx, progress)
	if err != nil {
		return err
	}
	l.before = *before
	if *keep {
		l.say("everything is kept in %s", l.dir)
	} else {
		defer func() { _ = os.RemoveAll(l.dir) }()
	}
	results := measure(ctx, l, chosen)
	write := writeTable
	if *asJSON {
		write = writeJSON
	}
	if err := write(out, l.machine(), results); err != nil {
		return err
	}
	return missed(results)
}

func usage(w io.Writer, flags *flag.FlagSet) {
	_, _ = fmt.Fprint(w, "usage: go run ./bench [--json] [--keep] [NAME...]\n\n")
	for _, t := range topics {
		_, _ = fmt.Fprintf(w, "  %-8s %s\n", t.name, t.what)
	}
	_, _ = fmt.Fprintln(w)
	flags.PrintDefaults()
}

// choose returns the topics with these names; all of them without names.
func choose(names []string) ([]topic, error) {
	if len(names) == 0 {
		return topics, nil
	}
	var chosen []topic
	for _, name := range names {
		i := slices.IndexFunc(topics, func(t topic) bool { return t.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is nothing named %q to measure; there are: %s", name, topicNames())
		}
		chosen = append(chosen, topics[i])
	}
	return chosen, nil
}

func topicNames() string {
	var names []string
	for _, t := range topics {
		names = append(names, t.name)
	}
	return strings.Join(names, ", ")
}

// measure measures one topic after the other. A topic that fails leaves its
// figures without a reading.
func measure(ctx context.Context, l *lab, chosen []topic) []result {
	var results []result
	for _, t := range chosen {
		l.say("# %s: %s", t.name, t.what)
		readings, err := t.measure(ctx, l)
		for _, f := range figures {
			if f.topic != t.name {
				continue
			}
			r := result{figure: f, err: err}
			if reading, ok := readings[f.name]; ok {
				r.reading, r.err = &reading, nil
			}
			results = append(results, r)
		}
		if err != nil {
			l.say("! %v", err)
		}
	}
	return results
}
