package git_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/git"
)

const (
	commitA = "1111111111111111111111111111111111111111"
	none    = "0000000000000000000000000000000000000000"
)

// packets encodes lines as pkt-lines; "" is the flush packet.
func packets(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		if line == "" {
			b.WriteString("0000")
			continue
		}
		fmt.Fprintf(&b, "%04x%s", len(line)+4, line)
	}
	return b.String()
}

// runHook runs the hook against a server and returns what git and the pusher get.
func runHook(t *testing.T, answer http.HandlerFunc, stdin string) (stdout, stderr string, err error) {
	t.Helper()
	server := httptest.NewServer(answer)
	defer server.Close()
	env := map[string]string{"ALOFT_HOOK_URL": server.URL, "ALOFT_HOOK_TOKEN": "secret"}
	if answer == nil {
		server.Close()
	}
	var out, log bytes.Buffer
	err = git.RunHook(t.Context(), "proc-receive", func(name string) string { return env[name] }, strings.NewReader(stdin), &out, &log)
	return out.String(), log.String(), err
}

func lines(text ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.Join(text, "\n")) }
}

func TestHook(t *testing.T) {
	t.Parallel()
	push := packets("version=1\x00push-options atomic\n", "", none+" "+commitA+" refs/heads/env-a", "", "plan", "")
	const accepted = `{"results":[{"Ref":"refs/heads/env-a"}]}`
	greeting := packets("version=1\x00push-options", "")
	refused := func(reason string) string {
		return greeting + packets("ng refs/heads/env-a "+reason, "")
	}
	for _, test := range []struct {
		rule           string
		answer         http.HandlerFunc
		stdout, stderr string
	}{
		{"an accepted update is reported", lines(`{"log":"aGkK"}`, accepted), greeting + packets("ok refs/heads/env-a", ""), "hi\n"},
		{"the request has the push and the secret", func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			want := `{"updates":[{"Ref":"refs/heads/env-a","Old":"","New":"` + commitA + `"}],"options":["plan"]}`
			if string(body) != want || r.Header.Get("Authorization") != "Bearer secret" || r.URL.Path != git.HookPath {
				t.Errorf("%s %v %s", r.URL, r.Header, body)
			}
			io.WriteString(w, accepted)
		}, greeting + packets("ok refs/heads/env-a", ""), ""},
		{"a reason becomes one line", lines(`{"results":[{"Ref":"refs/heads/env-a","Reason":" a\n\tb\u001b "}]}`), refused("a b"), ""},
		{"a server that is away", nil, refused("the server went away"), " !    the server went away; the run goes on when it is back\n"},
		{"a server that goes away in the middle", lines(`{"log":"aGkK"}`, `{"res`), refused("the server went away"),
			"hi\n !    the server went away; the run goes on when it is back\n"},
		{"a server that knows nothing of the push", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who?", http.StatusForbidden) },
			refused("the server refused the push: who?"), " !    the server refused the push: who?\n"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, err := runHook(t, test.answer, push)
			if err != nil || stdout != test.stdout || stderr != test.stderr {
				t.Errorf("%v\nstdout %q\nwanted %q\nstderr %q", err, stdout, test.stdout, stderr)
			}
		})
	}
	t.Run("a push past the server is refused", func(t *testing.T) {
		var out, log bytes.Buffer
		err := git.RunHook(t.Context(), "proc-receive", func(string) string { return "" }, strings.NewReader(push), &out, &log)
		if err != nil || !strings.Contains(log.String(), "only takes pushes through its server's address") {
			t.Error(err, log.String())
		}
	})
	t.Run("another hook is not known", func(t *testing.T) {
		if err := git.RunHook(t.Context(), "pre-receive", nil, nil, nil, nil); err == nil {
			t.Error("ran")
		}
	})
	for rule, stdin := range map[string]string{
		"another version":        packets("version=2\n", ""),
		"no greeting":            packets(""),
		"an end in the middle":   push[:len(push)-30],
		"a size that is none":    "+001",
		"a size below four":      "0003",
		"a command that is none": packets("version=1\n", "", "hello", ""),
		"a ref that is none":     packets("version=1\n", "", none+" "+commitA+" env-a", ""),
	} {
		t.Run(rule+" breaks the conversation", func(t *testing.T) {
			t.Parallel()
			if _, _, err := runHook(t, lines(accepted), stdin); err == nil {
				t.Error("no error")
			}
		})
	}
	t.Run("results that do not match break the conversation", func(t *testing.T) {
		t.Parallel()
		if out, _, err := runHook(t, lines(`{"results":[{"Ref":"refs/heads/other"}]}`), push); err == nil {
			t.Error(out)
		}
	})
}

func FuzzHook(f *testing.F) {
	f.Add(packets("version=1\x00push-options atomic\n", "", none+" "+commitA+" refs/heads/env-a", "", "plan", ""))
	f.Add(packets("version=1\n", "", commitA+" "+none+" refs/heads/a\nb", ""))
	f.Add("fff0")
	f.Add("00050000")
	f.Fuzz(func(t *testing.T, stdin string) {
		var out bytes.Buffer
		err := git.RunHook(context.Background(), "proc-receive", func(string) string { return "" }, strings.NewReader(stdin), &out, io.Discard)
		if err == nil && !strings.HasSuffix(out.String(), "0000") {
			t.Errorf("the answer %q does not end", out.String())
		}
	})
}
