package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/tools/txtar"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/server"
)

//go:embed demo/*.txtar
var demoProjects embed.FS

func newDemo() *cobra.Command {
	var once bool
	var address string
	command := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole of Aloft on this machine, with a project of its own",
		Long: `Demo starts a server on an empty data folder, makes a small Go project with
its Terraform (and a PostgreSQL database where PostgreSQL is installed), and
pushes it to env-alice with git. It serves until Ctrl-C, then removes it all.`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return demo(command.Context(), demoOptions{out: command.OutOrStdout(), address: address, once: once})
		},
	}
	command.Flags().BoolVar(&once, "once", false, "also update, break and delete the environment, prove that nothing is left, and exit")
	command.Flags().StringVar(&address, "listen", "", "address to listen on (default 127.0.0.1:8090, or a free port)")
	return command
}

type demoOptions struct {
	out     io.Writer
	address string
	once    bool
}

// demonstration is a demo under way.
type demonstration struct {
	out     io.Writer
	server  *server.Server
	token   string // of the server, which nobody else needs to know
	project string // folder of the project
	key     aloft.EnvironmentKey
	timings []timing
}

type timing struct {
	what string
	took time.Duration
}

func demo(ctx context.Context, o demoOptions) (err error) {
	dir, err := os.MkdirTemp("", "aloft-demo-")
	if err != nil {
		return fmt.Errorf("cannot make a folder for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if o.address == "" {
		o.address = freeAddress(server.DefaultAddress)
	}
	d := &demonstration{out: o.out, token: api.NewToken(), project: filepath.Join(dir, "shop"), key: aloft.EnvironmentKey{Project: "shop", Environment: "alice"}}
	began := time.Now()
	d.say("a server on an empty data folder, at http://%s", o.address)
	d.server, err = server.Start(ctx, server.Options{Version: buildVersion(), Generator: blueprints(), Data: filepath.Join(dir, "data"), Address: o.address, Token: d.token, Out: o.out})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.server.Close()) }()
	d.record("start the server", began)
	if err := d.create(ctx); err != nil {
		return err
	}
	if err := d.push(ctx, "first push", "main:env-alice"); err != nil {
		return err
	}
	if err := d.show(ctx, "Hello"); err != nil {
		return err
	}
	if !o.once {
		return d.serve(ctx)
	}
	return d.tour(ctx)
}

// serve keeps the demo's environment up until Ctrl-C.
func (d *demonstration) serve(ctx context.Context) error {
	d.say("it serves until Ctrl-C; in another terminal:")
	_, _ = fmt.Fprintf(d.out, `
  The page:    %s
  The app:     %s
  The project: cd %s
               change main.go, git commit -a, git push aloft main:env-alice
  Delete it:   git push aloft :env-alice

`, d.server.LoginURL(), d.server.EnvironmentURL(d.key), d.project)
	<-ctx.Done()
	d.say("stopping, and removing what the demo made")
	return nil
}

// tour takes the environment through its life.
func (d *demonstration) tour(ctx context.Context) error {
	for _, chapter := range []struct {
		title string
		tell  func(context.Context) error
	}{
		{"a change of the code", d.changeCode},
		{"a change of the Terraform: a second instance, another greeting", d.changeTerraform},
		{"a broken app: the old release goes on serving", d.breakApp},
		{"the branch is deleted: nothing may be left", d.delete},
	} {
		d.say("%s", chapter.title)
		if err := chapter.tell(ctx); err != nil {
			return err
		}
	}
	d.say("done; this is how long it took")
	table := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, t := range d.timings {
		_, _ = fmt.Fprintf(table, "%s\t%.2f s\t\n", t.what, t.took.Seconds())
	}
	return table.Flush()
}

func (d *demonstration) changeCode(ctx context.Context) error {
	if err := d.edit("main.go", `"version 1"`, `"version 2"`); err != nil {
		return err
	}
	if err := d.commit(ctx, "Say version 2"); err != nil {
		return err
	}
	if err := d.push(ctx, "push of a code change", "main:env-alice"); err != nil {
		return err
	}
	return d.show(ctx, "version 2")
}

func (d *demonstration) changeTerraform(ctx context.Context) error {
	for _, change := range [][2]string{{"= 1\n", "= 2\n"}, {`"Hello"`, `"Welcome"`}} {
		if err := d.edit("terraform/variables.tf", change[0], change[1]); err != nil {
			return err
		}
	}
	if err := d.commit(ctx, "Run two instances, greet warmly"); err != nil {
		return err
	}
	if err := d.push(ctx, "push of a Terraform change", "main:env-alice"); err != nil {
		return err
	}
	return d.show(ctx, "Welcome")
}

func (d *demonstration) breakApp(ctx context.Context) error {
	if err := d.edit("main.go", `log.Println("shop listens`, `log.Fatalln("shop is broken on purpose, not listening`); err != nil {
		return err
	}
	if err := d.commit(ctx, "Break the app"); err != nil {
		return err
	}
	if err := d.push(ctx, "push of a broken app", "main:env-alice"); err == nil {
		return errors.New("the push of a broken app was accepted")
	}
	return d.show(ctx, "version 2")
}

func (d *demonstration) delete(ctx context.Context) error {
	if err := d.push(ctx, "delete the branch", ":env-alice"); err != nil {
		return err
	}
	left, err := d.server.Remains(ctx, d.key)
	if err != nil {
		return err
	}
	branches, err := d.git(ctx, io.Discard, "ls-remote", "--heads", "aloft")
	if err != nil {
		return err
	}
	if strings.Contains(branches, "env-alice") {
		left = append(left, "the branch env-alice")
	}
	if _, status, err := d.get(ctx); err != nil || status != http.StatusGone {
		left = append(left, fmt.Sprintf("an answer at the URL (status %d)", status))
	}
	if len(left) > 0 {
		return fmt.Errorf("not everything is gone: %s", strings.Join(left, "; "))
	}
	_, _ = fmt.Fprintln(d.out, "No process, database, route, release, state, file, lock or branch is left; the URL answers 410 Gone.")
	return nil
}

// create writes the project and makes it a git repository.
func (d *demonstration) create(ctx context.Context) error {
	parts := []string{"demo/app.txtar"}
	if d.server.HasPostgreSQL() {
		parts = append(parts, "demo/postgresql.txtar")
		d.say("a project: a Go web app, its Terraform, a PostgreSQL database")
	} else {
		d.say("a project: a Go web app and its Terraform (no PostgreSQL here, so no database)")
	}
	for _, part := range parts {
		data, err := demoProjects.ReadFile(part)
		if err != nil {
			return err
		}
		for _, file := range txtar.Parse(data).Files {
			path := filepath.Join(d.project, filepath.FromSlash(file.Name))
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, file.Data, 0o644)); err != nil {
				return err
			}
		}
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"remote", "add", "aloft", d.server.URL() + "/shop.git"},
		{"config", "user.name", "Alice"},
		{"config", "user.email", "alice@example.com"},
		{"config", "commit.gpgsign", "false"},
		{"config", "credential.helper", ""},
		{"config", "--add", "credential.helper", credentialHelper()},
	} {
		if _, err := d.git(ctx, d.out, args...); err != nil {
			return err
		}
	}
	return d.commit(ctx, "Add the shop")
}

func (d *demonstration) commit(ctx context.Context, subject string) error {
	if _, err := d.git(ctx, d.out, "add", "--all"); err != nil {
		return err
	}
	_, err := d.git(ctx, d.out, "commit", "--quiet", "--no-verify", "-m", subject)
	return err
}

func (d *demonstration) edit(file, old, new string) error {
	path := filepath.Join(d.project, filepath.FromSlash(file))
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !strings.Contains(string(data), old) {
		return fmt.Errorf("%s of the demo does not contain %q", file, old)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(data), old, new, 1)), 0o644)
}

// push pushes with git, shows what a person would see, and times it.
func (d *demonstration) push(ctx context.Context, what, refspec string) error {
	_, _ = fmt.Fprintf(d.out, "$ git push aloft %s\n", refspec)
	began := time.Now()
	_, err := d.git(ctx, d.out, "push", "aloft", refspec)
	d.record(what, began)
	return err
}

// git runs git in the project. It returns its standard output; its standard
// error goes to progress as it comes.
func (d *demonstration) git(ctx context.Context, progress io.Writer, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir = d.project
	command.Env = append(os.Environ(), "ALOFT_TOKEN="+d.token, "GIT_TERMINAL_PROMPT=0")
	command.Stderr = progress
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", args[0], err)
	}
	return string(output), nil
}

// show fetches the app's page and wants to find a text in it.
func (d *demonstration) show(ctx context.Context, want string) error {
	_, _ = fmt.Fprintf(d.out, "$ curl %s\n", d.server.EnvironmentURL(d.key))
	body, status, err := d.get(ctx)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(d.out, strings.TrimSpace(body))
	if status != http.StatusOK || !strings.Contains(body, want) {
		return fmt.Errorf("the app answered %d without %q", status, want)
	}
	return nil
}

// get asks for the app's page. Not every system resolves *.localhost, so the
// name goes into the request and the connection straight to the server.
func (d *demonstration) get(ctx context.Context) (body string, status int, err error) {
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, d.server.Address())
	}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.server.EnvironmentURL(d.key), nil)
	if err != nil {
		return "", 0, err
	}
	response, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return string(data), response.StatusCode, err
}

func (d *demonstration) say(format string, args ...any) {
	_, _ = fmt.Fprintf(d.out, "\n## "+format+"\n", args...)
}

func (d *demonstration) record(what string, began time.Time) {
	d.timings = append(d.timings, timing{what, time.Since(began)})
}

// freeAddress returns the wanted address, or one with a free port when another
// program has it.
func freeAddress(wanted string) string {
	for _, address := range []string{wanted, "127.0.0.1:0"} {
		listener, err := net.Listen("tcp", address)
		if err == nil {
			defer func() { _ = listener.Close() }()
			return listener.Addr().String()
		}
	}
	return wanted
}
