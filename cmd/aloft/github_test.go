package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/itchyny/gojq"
	"github.com/rogpeppe/go-internal/testscript"
)

// github answers as much of GitHub's REST API as a workflow asks for. The
// branches and commits are those of a real repository.
type github struct {
	repository string // bare repository

	mu          sync.Mutex
	deployments []*deployment // newest first
	comments    []map[string]any
	vouched     []string // what tokens of the job's identity were asked for
}

type deployment struct {
	id          int
	environment string
	sha         string
	state       string
}

// githubs holds the *github of each *testscript.TestScript.
var githubs sync.Map

// commandGitHub: github start REPOSITORY, then github deployed BRANCH REVISION STATE,
// github comment USER TEXT, github deployments, github comments, github vouched.
func commandGitHub(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: github start|deployed|comment|deployments|comments")
	}
	if args[0] == "start" {
		g := &github{repository: ts.MkAbs(args[1])}
		server := httptest.NewServer(g.routes())
		ts.Defer(server.Close)
		ts.Setenv("TEST_GITHUB", server.URL)
		githubs.Store(ts, g)
		return
	}
	found, _ := githubs.Load(ts)
	g := found.(*github)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch args[0] {
	case "deployed":
		sha := strings.TrimSpace(g.git("rev-parse", args[2]))
		g.deployments = slices.Insert(g.deployments, 0, &deployment{len(g.deployments) + 1, args[1], sha, args[3]})
	case "comment":
		g.addComment(args[1], args[2])
	case "deployments":
		for _, d := range g.deployments {
			_, _ = fmt.Fprintln(ts.Stdout(), d.environment, d.state)
		}
	case "comments":
		for _, c := range g.comments {
			_, _ = fmt.Fprintf(ts.Stdout(), "comment %d\n%s\n", c["id"], c["body"])
		}
	case "vouched":
		for _, line := range g.vouched {
			_, _ = fmt.Fprintln(ts.Stdout(), line)
		}
	default:
		ts.Fatalf("github: there is no %q", args[0])
	}
}

func (g *github) git(args ...string) string {
	command := exec.Command("git", args...)
	command.Dir = g.repository
	output, _ := command.Output() // what is not there is an empty answer
	return string(output)
}

func (g *github) addComment(user, body string) {
	g.comments = append(g.comments, map[string]any{"id": len(g.comments) + 1, "body": body, "user": map[string]any{"login": user}})
}

func (g *github) routes() http.Handler {
	mux := http.NewServeMux()
	// Who runs a job, for other services: nobody here is to be believed.
	mux.HandleFunc("GET /identity", func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.vouched = append(g.vouched, r.URL.Query().Get("audience")+" "+r.Header.Get("Authorization"))
		http.Error(w, "no identity", http.StatusForbidden)
	})
	handle := func(pattern string, answer func(r *http.Request, body map[string]any) any) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /repos/acme/shop"+path, func(w http.ResponseWriter, r *http.Request) {
			g.mu.Lock()
			defer g.mu.Unlock()
			var body map[string]any
			_ = json.NewDecoder(r.Body).Decode(&body) // GET has none
			value := answer(r, body)
			if value == nil {
				http.Error(w, `{"message": "Not Found"}`, http.StatusNotFound)
				return
			}
			_ = json.NewEncoder(w).Encode(value)
		})
	}
	handle("GET /git/matching-refs/heads/{prefix}", func(r *http.Request, _ map[string]any) any {
		list := []any{}
		for ref := range strings.FieldsSeq(g.git("for-each-ref", "--format=%(refname)")) {
			if strings.HasPrefix(ref, "refs/heads/"+r.PathValue("prefix")) {
				list = append(list, map[string]any{"ref": ref})
			}
		}
		return list
	})
	handle("GET /commits/{sha}", func(r *http.Request, _ map[string]any) any {
		if g.git("cat-file", "-t", r.PathValue("sha")) != "commit\n" {
			return nil
		}
		return map[string]any{"sha": r.PathValue("sha")}
	})
	handle("GET /environments", func(*http.Request, map[string]any) any {
		seen, list := map[string]bool{}, []any{}
		for _, d := range g.deployments {
			if !seen[d.environment] {
				list = append(list, map[string]any{"name": d.environment})
			}
			seen[d.environment] = true
		}
		return map[string]any{"environments": list}
	})
	handle("GET /deployments", func(r *http.Request, _ map[string]any) any {
		list := []any{}
		for _, d := range g.deployments {
			if d.environment == r.URL.Query().Get("environment") {
				list = append(list, map[string]any{"id": d.id, "sha": d.sha})
			}
		}
		return list
	})
	handle("GET /deployments/{id}/statuses", func(r *http.Request, _ map[string]any) any {
		return g.of(r, func(d *deployment) any { return []any{map[string]any{"state": d.state}} })
	})
	handle("POST /deployments/{id}/statuses", func(r *http.Request, body map[string]any) any {
		return g.of(r, func(d *deployment) any {
			d.state = fmt.Sprint(body["state"])
			return body
		})
	})
	handle("GET /issues/7/comments", func(*http.Request, map[string]any) any { return append([]map[string]any{}, g.comments...) })
	handle("POST /issues/7/comments", func(_ *http.Request, body map[string]any) any {
		g.addComment("github-actions[bot]", fmt.Sprint(body["body"]))
		return body
	})
	handle("PATCH /issues/comments/{id}", func(r *http.Request, body map[string]any) any {
		for _, c := range g.comments {
			if fmt.Sprint(c["id"]) == r.PathValue("id") {
				c["body"] = body["body"]
				return c
			}
		}
		return nil
	})
	return mux
}

func (g *github) of(r *http.Request, do func(*deployment) any) any {
	for _, d := range g.deployments {
		if strconv.Itoa(d.id) == r.PathValue("id") {
			return do(d)
		}
	}
	return nil
}

// gh stands for GitHub's command line, as far as workflows use it: gh api, with
// the JSON queries that it has. The real one cannot be had everywhere.
func gh() {
	if err := ghAPI(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gh:", err)
		os.Exit(1)
	}
}

func ghAPI(args []string) error {
	if len(args) == 0 || args[0] != "api" || os.Getenv("GH_TOKEN") == "" {
		return fmt.Errorf("gh api, with a token, is all that there is: %q", args)
	}
	method, path, query, silent, fields := "", "", ".", false, map[string]string{}
	for args = args[1:]; len(args) > 0; args = args[1:] {
		switch arg := args[0]; {
		case arg == "--paginate":
		case arg == "--silent":
			silent = true
		case slices.Contains([]string{"-X", "--jq", "-f", "-F"}, arg) && len(args) > 1:
			args = args[1:]
			switch arg {
			case "-X":
				method = args[0]
			case "--jq":
				query = args[0]
			default:
				name, value, _ := strings.Cut(args[0], "=")
				if file, ok := strings.CutPrefix(value, "@"); ok && arg == "-F" {
					text, err := os.ReadFile(file)
					if err != nil {
						return err
					}
					value = string(text)
				}
				fields[name] = value
			}
		case strings.HasPrefix(arg, "-") || path != "":
			return fmt.Errorf("unknown argument %q", arg)
		default:
			path = arg
		}
	}
	var body io.Reader
	if len(fields) > 0 {
		data, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
		if method == "" {
			method = http.MethodPost
		}
	}
	request, err := http.NewRequest(method, os.Getenv("TEST_GITHUB")+"/"+path, body)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var answer any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode >= 400 {
		return fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	if silent {
		return nil
	}
	return printQuery(answer, query)
}

// printQuery prints what a query finds: texts as they are, else JSON.
func printQuery(answer any, query string) error {
	parsed, err := gojq.Parse(query)
	if err != nil {
		return err
	}
	found := parsed.Run(answer)
	for {
		value, ok := found.Next()
		if !ok {
			return nil
		}
		if err, ok := value.(error); ok {
			return err
		}
		if text, ok := value.(string); ok {
			fmt.Println(text)
			continue
		}
		data, err := gojq.Marshal(value)
		if err != nil {
			return err
		}
		fmt.Println(string(data))
	}
}
