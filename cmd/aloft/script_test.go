package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/server"
)

var update = flag.Bool("update", false, "write golden files anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"aloft":   func() { os.Exit(Main()) },
		"testapp": testapp,
		"gh":      gh,
	})
}

// TestScripts tells stories of users: each script in testdata/script has the
// real command, real git, a real engine, and a server of its own.
func TestScripts(t *testing.T) {
	userCache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	// On a machine without an engine this gets one, which may take 5 minutes once.
	engine, err := (&server.Engines{}).Find(t.Context(), "", os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			home := ownHome(env)
			env.Setenv("XDG_CACHE_HOME", userCache) // engines and toolchain caches are shared
			env.Setenv("ENGINE", strings.ToLower(engine.Name()))
			for _, name := range []string{"GOPROXY", "GOFLAGS", "SSL_CERT_FILE", "HTTPS_PROXY", "HTTP_PROXY"} {
				if value, ok := os.LookupEnv(name); ok {
					env.Setenv(name, value)
				}
			}
			env.Setenv("NO_PROXY", "localhost,.localhost,127.0.0.1,"+os.Getenv("NO_PROXY"))
			// Scripts run side by side, and some look for their token in every process.
			env.Setenv("TOKEN", "aloft_test_"+rand.Text())
			env.Setenv("GORACE", "atexit_sleep_ms=0") // else every command of a -race build ends a second later
			return os.MkdirAll(home, 0o700)
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "postgresql":
				return checkPostgreSQL().Verdict == verdictOK, nil
			case "engines": // both of them
				_, err := exec.LookPath("terraform")
				tofu, _ := filepath.Glob(filepath.Join(userCache, "aloft", "engines", "*", "tofu"))
				return err == nil && len(tofu) > 0, nil
			case "confined":
				return checkConfinement(t.Context(), dataPath()).Verdict == verdictOK, nil
			}
			return false, fmt.Errorf("there is no condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"server":        commandServer,
			"project":       commandProject,
			"fetch":         commandFetch,
			"waitfetch":     commandWaitFetch,
			"waitlog":       commandWaitLog,
			"waitrun":       commandWaitRun,
			"disagreement":  commandDisagreement,
			"fetchenv":      commandFetchEnv,
			"killapp":       commandKillApp,
			"dropdatabase":  commandDropDatabase,
			"closedatabase": commandCloseDatabase,
			"records":       commandRecords,
			"olderbackup":   commandOlderBackup,
			"certificate":   commandCertificate,
			"watch":         commandWatch,
			"nowhere":       commandNowhere,
			"workflow":      commandWorkflow,
			"github":        commandGitHub,
			"registry":      commandRegistry,
			"act":           commandAct(buildAct(t.TempDir())),
		},
	})
}

// running is the server of a script.
type running struct {
	command *exec.Cmd
	done    chan struct{}
}

// servers holds the running *running of each *testscript.TestScript.
var servers sync.Map

// commandServer: server start | stop | kill. A started server's URL and token
// are in ALOFT_SERVER and ALOFT_TOKEN (TOKEN, of this script alone), its port in PORT, its process in SERVER_PID.
// SERVER_ENV is added to its environment; with OWN_TOKEN it makes a token itself.
func commandServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: server start [FLAG...]|stop|kill")
	}
	switch args[0] {
	case "start":
		startScriptServer(ts, args[1:])
	case "stop":
		endScriptServer(ts, syscall.SIGINT)
	case "kill":
		endScriptServer(ts, syscall.SIGKILL)
	default:
		ts.Fatalf("server: there is no %q", args[0])
	}
}

func startScriptServer(ts *testscript.TestScript, flags []string) {
	port := ts.Getenv("PORT")
	if port == "" {
		free, err := aloft.FreePort()
		ts.Check(err)
		port = strconv.Itoa(free)
		ts.Setenv("PORT", port)
	}
	data := filepath.Join(ts.Getenv("WORK"), "data")
	ts.Check(os.MkdirAll(data, 0o700))
	if ts.Getenv("OWN_TOKEN") == "" {
		tokenFile := filepath.Join(ts.Getenv("WORK"), "token")
		ts.Check(os.WriteFile(tokenFile, []byte(ts.Getenv("TOKEN")+"\n"), 0o600))
		ts.Setenv("ALOFT_TOKEN", ts.Getenv("TOKEN"))
		flags = append([]string{"--token-file", tokenFile}, flags...)
	}
	scheme := "http"
	if slices.Contains(flags, "--tls-cert") {
		scheme = "https"
	}
	ts.Setenv("SCHEME", scheme)
	ts.Setenv("ALOFT_SERVER", scheme+"://localhost:"+port)
	ts.Setenv("DATA", data)
	program, err := exec.LookPath("aloft")
	ts.Check(err)
	log, err := os.OpenFile(filepath.Join(ts.Getenv("WORK"), "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	before, err := os.ReadFile(log.Name())
	ts.Check(err)
	command := exec.Command(program, append([]string{"serve", "--data", data, "--listen", "127.0.0.1:" + port}, flags...)...)
	command.Env = append(scriptEnv(ts), strings.Fields(ts.Getenv("SERVER_ENV"))...)
	command.Stdout, command.Stderr = log, log
	ts.Check(command.Start())
	ts.Setenv("SERVER_PID", strconv.Itoa(command.Process.Pid))
	s := &running{command, make(chan struct{})}
	go func() {
		_ = command.Wait()
		_ = log.Close()
		close(s.done)
	}()
	servers.Store(ts, s)
	ts.Defer(func() { endScriptServer(ts, syscall.SIGINT) })
	ts.Check(waitFor(func() error {
		select {
		case <-s.done:
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("the server ended: %s", text)
		default:
			_, _, err := visit(ts, "localhost", "/healthz")
			if text, _ := os.ReadFile(log.Name()); err == nil && !bytes.Contains(text[len(before):], []byte("Ctrl-C stops it.")) {
				return errors.New("the server has not said where everything is")
			}
			return err
		}
	}))
}

func scriptEnv(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "GOPROXY", "GOFLAGS", "SSL_CERT_FILE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GORACE"} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func endScriptServer(ts *testscript.TestScript, signal os.Signal) {
	found, ok := servers.LoadAndDelete(ts)
	if !ok {
		return
	}
	s := found.(*running)
	_ = s.command.Process.Signal(signal)
	select {
	case <-s.done:
	case <-time.After(time.Minute):
		_ = s.command.Process.Kill()
		ts.Logf("the server did not stop within a minute")
	}
}

// commandProject: project NAME makes the current folder a git repository with
// everything in it committed, whose remote aloft is the server.
func commandProject(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: project NAME")
	}
	helper := "!aloft git-credential"
	for _, line := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"config", "user.name", "Alice"},
		{"config", "user.email", "alice@example.com"},
		{"config", "credential.helper", helper},
		{"remote", "add", "aloft", ts.Getenv("ALOFT_SERVER") + "/" + args[0] + ".git"},
		{"add", "--all"},
		{"commit", "--quiet", "-m", "Add " + args[0]},
	} {
		ts.Check(ts.Exec("git", line...))
	}
}

// commandFetch: fetch HOST[/PATH] prints what a host answers through the
// server, after its status. "! fetch" wants a status of 400 or more.
func commandFetch(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: fetch HOST[/PATH]")
	}
	host, path, _ := strings.Cut(args[0], "/")
	status, body, err := visit(ts, host, "/"+path)
	ts.Check(err)
	_, _ = fmt.Fprintf(ts.Stdout(), "%d\n%s\n", status, body)
	if neg != (status >= 400) {
		ts.Fatalf("%s answered %d: %s", args[0], status, body)
	}
}

// commandWaitFetch: waitfetch HOST[/PATH] TEXT fetches until the answer has the text.
func commandWaitFetch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfetch HOST[/PATH] TEXT")
	}
	host, path, _ := strings.Cut(args[0], "/")
	ts.Check(waitFor(func() error {
		status, body, err := visit(ts, host, "/"+path)
		if err == nil && !strings.Contains(body, args[1]) {
			err = fmt.Errorf("%q is not in the answer (%d): %s", args[1], status, body)
		}
		return err
	}))
}

// commandWaitRun: waitrun OPERATION STATUS waits for the newest run of an operation.
func commandWaitRun(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitrun OPERATION STATUS")
	}
	ts.Check(waitFor(func() error {
		runs, err := scriptClient(ts).Runs(context.Background(), aloft.RunFilter{})
		if err != nil {
			return err
		}
		for _, r := range runs {
			if string(r.Operation) == args[0] {
				if string(r.Status) != args[1] {
					err = fmt.Errorf("the newest %s is %s", args[0], r.Status)
				}
				return err
			}
		}
		return fmt.Errorf("there is no %s among %d runs", args[0], len(runs))
	}))
}

// commandDisagreement: disagreement ENV TEXT waits until an environment of shop says
// that this disagrees; "" = nothing does.
func commandDisagreement(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: disagreement ENV TEXT")
	}
	key := aloft.EnvironmentKey{Project: "shop", Environment: args[0]}
	ts.Check(waitFor(func() error {
		e, err := scriptClient(ts).Environment(context.Background(), key)
		if err == nil && (!strings.Contains(e.Disagreement, args[1]) || args[1] == "" && e.Disagreement != "") {
			err = fmt.Errorf("%s says %q", key, e.Disagreement)
		}
		return err
	}))
}

// commandWaitLog: waitlog RUN TEXT waits until the log of a run has the text.
func commandWaitLog(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitlog RUN TEXT")
	}
	id, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	ts.Check(waitFor(func() error {
		var log strings.Builder
		if err := scriptClient(ts).RunLog(context.Background(), id, false, &log); err != nil {
			return err
		}
		if !strings.Contains(log.String(), args[1]) {
			return fmt.Errorf("%q is not in the log of run %d:\n%s", args[1], id, log.String())
		}
		return nil
	}))
}

func scriptClient(ts *testscript.TestScript) *api.Client {
	o := api.ClientOptions{URL: ts.Getenv("SCHEME") + "://localhost:" + ts.Getenv("PORT"), Token: ts.Getenv("ALOFT_TOKEN")}
	if ts.Getenv("SCHEME") == "https" {
		roots, err := trusted(filepath.Join(ts.Getenv("WORK"), "ca.pem"))
		ts.Check(err)
		o.Roots = roots
	}
	return api.NewClient(o)
}

// commandKillApp: killapp HOST/PATH kills the process whose number is the answer.
func commandKillApp(ts *testscript.TestScript, neg bool, args []string) {
	pid, err := strconv.Atoi(answer(ts, neg, args))
	ts.Check(err)
	ts.Check(syscall.Kill(pid, syscall.SIGKILL))
}

// commandFetchEnv: fetchenv NAME HOST/PATH sets a variable to the answer.
func commandFetchEnv(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: fetchenv NAME HOST/PATH")
	}
	ts.Setenv(args[0], answer(ts, neg, args[1:]))
}

// answer fetches a page that must be there.
func answer(ts *testscript.TestScript, neg bool, args []string) string {
	if neg || len(args) != 1 {
		ts.Fatalf("one HOST/PATH is wanted")
	}
	host, path, _ := strings.Cut(args[0], "/")
	status, body, err := visit(ts, host, "/"+path)
	ts.Check(err)
	if status != http.StatusOK {
		ts.Fatalf("%s answered %d: %s", args[0], status, body)
	}
	return body
}

// waitFor repeats a check until it passes, for three minutes.
func waitFor(check func() error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(errors.New("waited three minutes in vain"), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// visit asks the script's server for a page of a host that need not resolve.
func visit(ts *testscript.TestScript, host, path string) (status int, body string, err error) {
	transport := &http.Transport{
		DisableKeepAlives: true, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+ts.Getenv("PORT"))
		},
	}
	if ts.Getenv("SCHEME") == "https" {
		roots, err := trusted(filepath.Join(ts.Getenv("WORK"), "ca.pem"))
		if err != nil {
			return 0, "", err
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	request, err := http.NewRequest(http.MethodGet, ts.Getenv("SCHEME")+"://"+net.JoinHostPort(host, ts.Getenv("PORT"))+path, nil)
	if err != nil {
		return 0, "", err
	}
	response, err := (&http.Client{Timeout: 20 * time.Second, Transport: transport}).Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	return response.StatusCode, string(data), err
}

// testapp is the app of the scripts: quick to "build", and it behaves as its
// arguments say.
func testapp() {
	mode := strings.Join(os.Args[1:], " ")
	address := "127.0.0.1:" + os.Getenv("PORT")
	switch mode {
	case "exit":
		fmt.Println("testapp: cannot find its configuration")
		os.Exit(3)
	case "wrong-port":
		address = "127.0.0.1:0"
	case "silent":
		select {}
	case "eat":
		eat()
	}
	http.HandleFunc("/sick", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "sick", http.StatusInternalServerError) })
	http.HandleFunc("/pid", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, os.Getpid()) })
	http.HandleFunc("/ping", ping)
	http.HandleFunc("/rows/", rows)
	http.HandleFunc("/database", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, os.Getenv("DATABASE_URL")) })
	http.HandleFunc("/environment", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, strings.Join(os.Environ(), "\n"))
	})
	http.HandleFunc("/scheme", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, r.Header.Get("X-Forwarded-Proto"), " ", os.Getenv("ALOFT_URL"))
	})
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s %s", mode, os.Getenv("ALOFT_ENVIRONMENT"), os.Getenv("GREETING"))
	})
	fmt.Println("testapp: listening,", mode)
	if err := http.ListenAndServe(address, nil); err != nil {
		fmt.Println("testapp:", err)
		os.Exit(1)
	}
}

// eat uses 400 MiB and more.
func eat() {
	for eaten := [][]byte{}; ; {
		eaten = append(eaten, bytes.Repeat([]byte{1}, 10<<20))
		if len(eaten) >= 40 { // its limit is 100 MiB, and is looked after once a second
			time.Sleep(time.Minute)
		}
	}
}

// rows adds the rest of the path to a table, and a line to a file at home; it
// answers with all of both.
func rows(w http.ResponseWriter, r *http.Request) {
	connection, err := pgx.Connect(r.Context(), os.Getenv("DATABASE_URL"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer func() { _ = connection.Close(r.Context()) }()
	_, err = connection.Exec(r.Context(), "CREATE TABLE IF NOT EXISTS words (word text UNIQUE)")
	home := filepath.Join(os.Getenv("HOME"), "words")
	if word := strings.TrimPrefix(r.URL.Path, "/rows/"); word != "" && err == nil {
		_, err = connection.Exec(r.Context(), "INSERT INTO words VALUES ($1)", word)
		err = errors.Join(err, os.WriteFile(home, []byte("home of "+word), 0o600))
	}
	var all string
	err = errors.Join(err, connection.QueryRow(r.Context(), "SELECT coalesce(string_agg(word, ' '), '') FROM words").Scan(&all))
	text, _ := os.ReadFile(home)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintf(w, "rows: %s; %s", all, text)
}

// ping asks the database whether it is there.
func ping(w http.ResponseWriter, r *http.Request) {
	connection, err := pgx.Connect(r.Context(), os.Getenv("DATABASE_URL"))
	if err == nil {
		defer func() { _ = connection.Close(r.Context()) }()
		err = connection.Ping(r.Context())
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprint(w, "the database answers")
}
