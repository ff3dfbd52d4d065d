package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aloft-dev/aloft"
)

// sightings is what was seen of the processes of this machine: the arguments of
// all, and the environments of those that descend from the script's server.
type sightings struct {
	stop chan struct{}
	done chan struct{}

	mu           sync.Mutex
	arguments    map[string]bool
	environments map[string]bool
}

// watches holds the *sightings of each *testscript.TestScript.
var watches sync.Map

// commandWatch: watch start|stop looks at the processes of this machine, again and
// again. "watch saw TEXT" wants a process with that text among its arguments.
func commandWatch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: watch start|stop, watch saw TEXT")
	}
	if args[0] == "start" {
		found, ok := servers.Load(ts)
		if !ok {
			ts.Fatalf("watch: there is no server")
		}
		s := &sightings{
			stop: make(chan struct{}), done: make(chan struct{}),
			arguments: map[string]bool{}, environments: map[string]bool{},
		}
		go s.look(found.(*running).command.Process.Pid)
		watches.Store(ts, s)
		ts.Defer(s.end)
		return
	}
	s := sightingsOf(ts)
	switch {
	case args[0] == "stop":
		s.end()
	case args[0] == "saw" && len(args) == 2:
		if !s.anywhere(s.arguments, args[1]) {
			ts.Fatalf("no process had %q among its arguments", args[1])
		}
	default:
		ts.Fatalf("watch: there is no %q", args[0])
	}
}

func sightingsOf(ts *testscript.TestScript) *sightings {
	found, ok := watches.Load(ts)
	if !ok {
		ts.Fatalf("nothing was watched")
	}
	return found.(*sightings)
}

func (s *sightings) end() {
	select {
	case <-s.stop:
	default:
		close(s.stop)
	}
	<-s.done
}

// look looks at all processes until it is stopped.
func (s *sightings) look(server int) {
	defer close(s.done)
	for {
		s.once(server)
		select {
		case <-s.stop:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (s *sightings) once(server int) {
	parents := map[int]int{}
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if stat, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat")); err == nil {
			_, rest, _ := strings.Cut(string(stat), ") ")
			if fields := strings.Fields(rest); len(fields) > 1 {
				parents[pid], _ = strconv.Atoi(fields[1])
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	parent := read(server, "cmdline")
	for pid := range parents {
		arguments := read(pid, "cmdline")
		s.arguments[arguments] = true
		// A child that has not become its program yet is still the server.
		if arguments == parent || !descends(parents, pid, server) {
			continue
		}
		if environment := read(pid, "environ"); environment != "" {
			s.environments[environment] = true
		}
	}
}

func read(pid int, name string) string {
	text, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), name))
	return string(text)
}

func descends(parents map[int]int, pid, ancestor int) bool {
	for pid > 1 {
		if pid == ancestor {
			return true
		}
		pid = parents[pid]
	}
	return false
}

func (s *sightings) anywhere(in map[string]bool, text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for seen := range in {
		if strings.Contains(seen, text) {
			return true
		}
	}
	return false
}

// aToken is a token of a server or of a run.
var aToken = regexp.MustCompile(`aloft_[A-Z2-7]{26}`)

// commandNowhere: nowhere KIND SECRET... wants none of the texts, and no token, in
//
//	arguments     what was watched of the arguments of all processes
//	environments  what was watched of the environments of the server's children
//	files         the data folder, and the log of the server
//	answers       what API and pages say of all environments and runs
//
// Of a URL with a password it looks for the password.
func commandNowhere(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: nowhere arguments|environments|files|answers SECRET...")
	}
	places := map[string]func(*testscript.TestScript) map[string][]byte{
		"arguments":    func(ts *testscript.TestScript) map[string][]byte { return numbered(sightingsOf(ts).arguments) },
		"environments": func(ts *testscript.TestScript) map[string][]byte { return numbered(sightingsOf(ts).environments) },
		"files":        filesOf, "answers": answersOf,
	}
	read, ok := places[args[0]]
	if !ok {
		ts.Fatalf("nowhere: there is no %q", args[0])
	}
	texts := read(ts)
	if len(texts) == 0 {
		ts.Fatalf("nowhere: there is nothing to look at among the %s", args[0])
	}
	for place, text := range texts {
		for _, secret := range args[1:] {
			if address, err := url.Parse(secret); err == nil && address.User != nil {
				secret, _ = address.User.Password()
			}
			if len(secret) < 8 {
				ts.Fatalf("nowhere: %q is too short to be looked for", secret)
			}
			if bytes.Contains(text, []byte(secret)) {
				ts.Fatalf("%q is in %s", secret, place)
			}
		}
		// A run's token is in the environment of its engine: it needs it.
		if found := aToken.Find(text); found != nil && args[0] != "environments" {
			ts.Fatalf("the token %s is in %s", found, place)
		}
	}
}

func numbered(texts map[string]bool) map[string][]byte {
	list := map[string][]byte{}
	for text := range texts {
		list["process "+fmt.Sprintf("%.80q", text)+fmt.Sprint(" ", len(list))] = []byte(text)
	}
	return list
}

func filesOf(ts *testscript.TestScript) map[string][]byte {
	files := map[string][]byte{}
	for _, root := range []string{ts.Getenv("DATA"), filepath.Join(ts.Getenv("WORK"), "server.log")} {
		ts.Check(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return nil //nolint:nilerr // what has gone holds nothing
			}
			if text, err := os.ReadFile(path); err == nil {
				files[path] = text
			}
			return nil
		}))
	}
	return files
}

// answersOf asks for everything that is listed anywhere, as a browser that is
// logged in and as a client with the token. The states are left out: they hold
// secrets, and are for the administrator.
func answersOf(ts *testscript.TestScript) map[string][]byte {
	base := ts.Getenv("SCHEME") + "://localhost:" + ts.Getenv("PORT")
	jar, err := cookiejar.New(nil)
	ts.Check(err)
	client := &http.Client{Jar: jar, Timeout: 20 * time.Second}
	response, err := client.PostForm(base+"/login", url.Values{"token": {ts.Getenv("ALOFT_TOKEN")}})
	ts.Check(err)
	ts.Check(response.Body.Close())
	paths := []string{
		"/", "/healthz", "/api/v1/version", "/api/v1/projects", "/api/v1/environments", "/api/v1/runs", "/api/v1/openapi.json",
		"/environments/shop/alice", "/api/v1/projects/shop/environments/alice", "/api/v1/projects/shop/environments/alice/logs",
		"/api/v1/projects/shop/environments/alice/states",
	}
	runs, err := scriptClient(ts).Runs(context.Background(), aloft.RunFilter{})
	ts.Check(err)
	for _, run := range runs {
		page, answer := fmt.Sprint("/runs/", run.ID), fmt.Sprint("/api/v1/runs/", run.ID)
		paths = append(paths, page, answer, answer+"/log", answer+"/plan")
	}
	answers := map[string][]byte{}
	for _, path := range paths {
		response, err := client.Get(base + path)
		ts.Check(err)
		text, err := io.ReadAll(response.Body)
		ts.Check(err)
		ts.Check(response.Body.Close())
		if response.StatusCode != http.StatusOK && !strings.HasSuffix(path, "/plan") {
			ts.Fatalf("%s answered %d", path, response.StatusCode)
		}
		answers[path] = text
	}
	return answers
}
