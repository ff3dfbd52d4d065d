// The azure program starts a cloud that stands for Azure on this machine, and
// says how Terraform and Aloft reach it. It runs until it is interrupted.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/aloft-dev/aloft/tools/azure/cloud"
)

const usage = `usage: go run ./tools/azure [flags]

Starts an Azure on this machine, prints the variables that lead clients to it
(proxy, certificate authority, login), and runs until it is interrupted. Then it
lists what it was asked. In another shell, when the file is there:

  set -a; . FILE; set +a
  terraform apply

`

func main() {
	var options cloud.Options
	variables := flag.String("variables", "", "write the variables to this `file` too, when the cloud is ready")
	verbose := flag.Bool("verbose", false, "tell what operations and apps do")
	flag.StringVar(&options.Dir, "dir", "", "`folder` for certificates, apps and logs; a temporary one unless set")
	flag.Uint64Var(&options.Faults.Seed, "seed", 0, "`number` that faults are drawn from")
	flag.Float64Var(&options.Faults.Throttled, "throttled", 0, "`share` of requests that are answered 429")
	flag.Float64Var(&options.Faults.Conflicting, "conflicting", 0, "`share` of writes that are answered 409")
	flag.Float64Var(&options.Faults.LostOperations, "lost", 0, "`share` of operations whose address answers 404")
	flag.Float64Var(&options.Faults.CutAnswers, "cut", 0, "`share` of writes whose answer is cut off")
	flag.IntVar(&options.Faults.UnseenReads, "unseen", 0, "`number` of reads of a new resource that are answered 404")
	flag.DurationVar(&options.Faults.RoleDelay, "role-delay", 0, "`time` until a role counts")
	flag.DurationVar(&options.Faults.Delay, "delay", 0, "`time` that operations take at least")
	flag.BoolVar(&options.Faults.Hurry, "hurry", false, "let the provider skip its waits")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	if *verbose {
		options.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	if err := run(options, *variables); err != nil {
		fmt.Fprintln(os.Stderr, "azure:", err)
		os.Exit(1)
	}
}

func run(options cloud.Options, variables string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c, err := cloud.Start(options)
	if err != nil {
		return err
	}
	text := ""
	for _, variable := range c.Environment() {
		text += variable + "\n"
	}
	fmt.Print(text)
	if variables != "" {
		if err := os.WriteFile(variables, []byte(text), 0o600); err != nil {
			return fmt.Errorf("cannot write the variables: %w", err)
		}
	}
	<-ctx.Done()
	for _, call := range c.Calls() {
		fmt.Fprintf(os.Stderr, "%s %3d %-6s https://%s%s %s%s\n", call.At.Format(time.TimeOnly), call.Status, call.Method, call.Host, call.Path, call.Error, call.Fault)
	}
	return c.Close()
}
