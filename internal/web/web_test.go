package web_test

import (
	"errors"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// contains checks that every wanted text is in a page, white space aside.
func contains(t *testing.T, page string, wanted ...string) {
	t.Helper()
	page = squeeze(page)
	for _, text := range wanted {
		if !strings.Contains(page, squeeze(text)) {
			t.Errorf("the page does not have %q", text)
		}
	}
}

func lacks(t *testing.T, page string, unwanted ...string) {
	t.Helper()
	for _, text := range unwanted {
		if strings.Contains(page, text) {
			t.Errorf("the page has %q", text)
		}
	}
}

func squeeze(text string) string { return strings.Join(strings.Fields(text), " ") }

func TestHome(t *testing.T) {
	t.Parallel()
	t.Run("shows environments and runs", func(t *testing.T) {
		_, page := busyWorld(noon).get(t, "/")
		contains(t, page,
			`<h2 id="project-shop">shop</h2>`, `http://localhost:8090/shop.git`,
			`href="/environments/shop/alice">alice</a>`, `<span class="status good">ready</span>`,
			`<a href="http://admin.alice.shop.localhost:8090" rel="noreferrer">`, `<code>9fceb02</code>`, `Alice Liddell</td>`,
			`>2 d ago</time>`, `>in 22 h</time>`, `run 14 failed; release 3 keeps serving`, `<span class="tag">protected</span>`,
			`Run 15 of <b>shop/release-4</b> waits for approval`,
			`href="/runs/14">Show the shipping date before payment</a>`, `9.4 s`, `>Destroy old</a>`, `1 min 24 s`,
			`No environments. Make one with <code>git push aloft HEAD:env-alice</code>`, `<nav><a href="/new">New project</a>`)
		lacks(t, page, "alice@example.org")
	})
	t.Run("shows what is blocked, and why", func(t *testing.T) {
		w := busyWorld(noon)
		w.environments[1].Blocked, w.environments[1].Disagreement = true, "the repository of shop is gone: bring it back"
		for _, path := range []string{"/", "/environments/shop/alice"} {
			_, page := w.get(t, path)
			contains(t, page, `<span class="status good">ready</span> <span class="status bad">blocked</span>`, `>Blocked: the repository of shop is gone`)
		}
	})
	t.Run("tells how to begin when there is nothing", func(t *testing.T) {
		_, page := emptyWorld().get(t, "/")
		contains(t, page, "git remote add aloft http://localhost:8090/your-project.git", "git push aloft HEAD:env-alice", `<a href="/new">Choose what your project needs</a>`)
	})
}

func TestRunPage(t *testing.T) {
	t.Parallel()
	w := busyWorld(noon)
	t.Run("a failed run shows error, hint, steps and log", func(t *testing.T) {
		_, page := w.get(t, "/runs/14")
		contains(t, page, `<p class="message">app web did not start: exit status 1`, `<p class="hint">release 3 keeps serving`,
			`<rect x="1.9%" width="89.6%"`, `nothing of it has changed since run 9`, `<span class="head">=====&gt; Bringing`,
			`<span class="bad"> ! app web did not start`, `panic: open templates`)
		lacks(t, page, "\x1b", "data-stream", "Cancel run")
	})
	t.Run("a run shows where its time went", func(t *testing.T) {
		_, page := w.get(t, "/runs/14")
		contains(t, page, `<details id="trace">`, `8.42 s of 9.40 s: build › web › go build`, `class="what d2"><span class="c-name">go build -trimpath`,
			`<rect x="2.8%" width="88.6%"`, `failed, 0.80 s`, `skipped, 1 ms`)
	})
	t.Run("a run whose files were removed says so", func(t *testing.T) {
		w := busyWorld(noon)
		w.forgotten = 12
		_, page := w.get(t, "/runs/12")
		contains(t, page, `<p class="hollow">there is no log of run 12</p>`)
		lacks(t, page, `id="trace"`, `<pre class="log"`)
	})
	t.Run("a running run is followed", func(t *testing.T) {
		_, page := w.get(t, "/runs/13")
		contains(t, page, `data-stream="/runs/13/log?follow=true"`, `data-since="2026-11-24T11:59:54Z"`, `data-path="/runs/13/cancel"`)
		lacks(t, page, "approve")
	})
	t.Run("a waiting run shows its plan and can be approved", func(t *testing.T) {
		_, page := w.get(t, "/runs/15")
		contains(t, page, `it would lose the data of <code>module.orders.aloft_postgresql.this[&#34;orders&#34;]</code>`,
			`data-path="/runs/15/approve" data-body="{&#34;digest&#34;:&#34;d1&#34;}"`, `1 to add`, `1 to change`, `1 to replace`,
			`<del>15</del> <span class="arrow">→</span> <ins>16</ins> <span class="faint">forces the replacement</span>`,
			`<details id="plan" open>`, `<code>aloft run approve 15</code>`)
	})
}

func TestEnvironmentPage(t *testing.T) {
	t.Parallel()
	w := busyWorld(noon)
	_, page := w.get(t, "/environments/shop/alice")
	contains(t, page, `<h1>alice</h1>`, `<code>env-alice</code>`, `144 MB`, `<dd class="soon"`,
		`data-path="/projects/shop/environments/alice/rollback" data-body="{&#34;app&#34;:&#34;web&#34;,&#34;release&#34;:1}"`,
		`killed: over its memory limit of 64 MiB`, `it never answered /healthz`, `data-must-be="alice"`,
		`href="/runs/12">Add a product list</a>`, `admin &lt;b&gt;not bold&lt;/b&gt;`)
	if n := strings.Count(page, "Roll back</button>"); n != 1 {
		t.Errorf("%d releases can be rolled back to, want 1", n)
	}
	if web1, web2 := strings.Index(page, "web 1<"), strings.Index(page, "web 2<"); web1 > web2 {
		t.Error("processes are not in order")
	}
	t.Run("the log of one app", func(t *testing.T) {
		_, page := w.get(t, "/environments/shop/alice?app=web")
		contains(t, page, "lines=200&amp;follow=true&amp;app=web")
		lacks(t, page, "not bold")
	})
	t.Run("of a destroyed environment has no buttons", func(t *testing.T) {
		w := busyWorld(noon)
		w.environments[1].Status = aloft.EnvironmentDestroyed
		_, page := w.get(t, "/environments/shop/alice")
		lacks(t, page, "<button type", "<dialog", "data-stream")
	})
	t.Run("a failed run can be retried", func(t *testing.T) {
		_, page := w.get(t, "/environments/shop/checkout-flow")
		contains(t, page, `data-path="/projects/shop/environments/checkout-flow/retry"`)
	})
}

func TestStrangersSeeHowToLogIn(t *testing.T) {
	t.Parallel()
	w := busyWorld(noon)
	w.loggedIn = false
	for _, path := range []string{"/", "/runs/14", "/environments/shop/alice", "/nothing"} {
		response, page := w.get(t, path)
		if response.StatusCode != 401 {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
		contains(t, page, "<code>aloft open</code>", `<form class="login" method="post" action="/login">`, `name="token" type="password"`)
		lacks(t, page, "alice", "shop", "<script", "Log out")
	}
	_, page := w.get(t, "/?login=failed")
	contains(t, page, "That is not the token of this server.")
	_, page = w.get(t, "/?login=expired")
	contains(t, page, "That link has been used, or is too old.")
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/nothing":                  "there is no page /nothing",
		"/runs/99":                  "there is no run 99",
		"/runs/x":                   "there is no run &#34;x&#34;",
		"/environments/shop/nobody": "there is no environment shop/nobody",
		"/environments/shop/A%3Cb":  "is not valid",
	} {
		response, page := busyWorld(noon).get(t, path)
		if response.StatusCode != 404 {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
		contains(t, page, "There is nothing here", want)
	}
	t.Run("defects are not told", func(t *testing.T) {
		w := emptyWorld()
		w.broken = errors.New("the secret reason")
		response, page := w.get(t, "/")
		if response.StatusCode != 500 {
			t.Errorf("%d", response.StatusCode)
		}
		lacks(t, page, "secret")
	})
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	response, page := busyWorld(noon).get(t, "/")
	policy := response.Header.Get("Content-Security-Policy")
	contains(t, policy, "default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'")
	lacks(t, policy, "unsafe", "http:", "*")
	lacks(t, page, "style=", "<style", "onclick", "javascript:", "//cdn")
	if response.Header.Get("Cache-Control") != "no-store" {
		t.Error("pages may be cached")
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	w := busyWorld(noon)
	_, page := w.get(t, "/")
	paths := regexp.MustCompile(`/assets/[a-z]+\.[0-9a-f]{12}\.(css|js|svg)`).FindAllString(page, -1)
	if len(paths) != 3 {
		t.Fatalf("assets %v", paths)
	}
	w.loggedIn = false
	for _, path := range paths {
		response, _ := w.get(t, path)
		if response.StatusCode != 200 || !strings.Contains(response.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, %s", path, response.StatusCode, response.Header.Get("Cache-Control"))
		}
		request := httptest.NewRequest("GET", path, nil)
		request.Header.Set("If-None-Match", response.Header.Get("ETag"))
		answer := httptest.NewRecorder()
		w.pages().ServeHTTP(answer, request)
		if answer.Code != 304 {
			t.Errorf("%s with its ETag: %d", path, answer.Code)
		}
	}
	if response, _ := w.get(t, "/assets/none.css"); response.StatusCode != 404 {
		t.Errorf("an unknown asset: %d", response.StatusCode)
	}
}

func TestLongLogsAreCut(t *testing.T) {
	t.Parallel()
	w := busyWorld(noon)
	w.logs[14] = strings.Repeat("a line of a long log\n", 100_000) + "the end\n"
	_, page := w.get(t, "/runs/14")
	contains(t, page, `<a class="faint" href="/api/v1/runs/14/log">Read it whole</a>`, "the end", `<span class="text">a line of a long log`)
	if len(page) > 2<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
}
