package local_test

import (
	"io"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/local"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// showLog writes what the app wrote, without time and process.
func showLog(t *testing.T, w *world, to io.Writer) {
	t.Helper()
	var b strings.Builder
	if err := w.supervisor.Logs(t.Context(), alice, "web", supervise.LogOptions{}, &b); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if parts := strings.SplitN(line, " ", 3); len(parts) == 3 {
			_, _ = io.WriteString(to, parts[2])
		}
	}
}

func TestSlotRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, test := range []struct {
		rule   string
		change func(*aloft.Slot)
		code   aloft.Code
	}{
		{"a plain one", func(*aloft.Slot) {}, ""},
		{"one with everything", func(s *aloft.Slot) {
			s.Command, s.HealthPath, s.Instances, s.MemoryLimit = "node .", "/healthz?deep=1", 32, 1<<30
			s.Variables = map[string]string{"_a1": "line 1\nline 2"}
		}, ""},
		{"a name that is none", func(s *aloft.Slot) { s.App = "../x" }, aloft.CodeInvalid},
		{"an environment that is none", func(s *aloft.Slot) { s.Environment = "Alice" }, aloft.CodeInvalid},
		{"an environment without a group", func(s *aloft.Slot) { s.Environment = "bob" }, aloft.CodeNotFound},
		{"too many instances", func(s *aloft.Slot) { s.Instances = 33 }, aloft.CodeInvalid},
		{"a negative limit", func(s *aloft.Slot) { s.MemoryLimit = -1 }, aloft.CodeInvalid},
		{"a health path without a slash", func(s *aloft.Slot) { s.HealthPath = "healthz" }, aloft.CodeInvalid},
		{"a health path with a blank", func(s *aloft.Slot) { s.HealthPath = "/a b" }, aloft.CodeInvalid},
		{"a variable with a dash", func(s *aloft.Slot) { s.Variables = map[string]string{"A-B": ""} }, aloft.CodeInvalid},
		{"a variable with an equals sign", func(s *aloft.Slot) { s.Variables = map[string]string{"A=B": ""} }, aloft.CodeInvalid},
		{"a value with a NUL", func(s *aloft.Slot) { s.Variables = map[string]string{"A": "\x00"} }, aloft.CodeInvalid},
	} {
		t.Run(test.rule, func(t *testing.T) {
			slot := aloft.Slot{EnvironmentKey: alice, App: "web"}
			test.change(&slot)
			got, err := w.PutSlot(t.Context(), slot, aloft.Claim{})
			if aloft.ErrorCode(err) != test.code {
				t.Fatalf("%v (%s), want %q", err, aloft.ErrorCode(err), test.code)
			}
			if err != nil {
				return
			}
			kept, err := w.Slot(t.Context(), alice, "web")
			if err != nil || kept.URL != got.URL || kept.Instances < 1 || !strings.HasPrefix(kept.URL, "http://alice.shop.localhost:") {
				t.Errorf("%+v, %v", kept, err)
			}
		})
	}
	t.Run("deleting what is not there", func(t *testing.T) {
		if err := w.DeleteSlot(t.Context(), alice, "nothing", ""); err != nil {
			t.Error(err)
		}
	})
	t.Run("a group whose name breaks the rule", func(t *testing.T) {
		if _, err := w.PutGroup(t.Context(), aloft.EnvironmentKey{Project: "shop"}, aloft.Claim{}); aloft.ErrorCode(err) != aloft.CodeInvalid {
			t.Error(err)
		}
	})
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*local.Options){
		"http://alice.shop.localhost":        func(o *local.Options) { o.Port = 80 },
		"https://alice.shop.example.com":     func(o *local.Options) { o.Scheme, o.Domain, o.Port = "https", "example.com", 443 },
		"https://alice.shop.example.com:844": func(o *local.Options) { o.Scheme, o.Domain, o.Port = "https", "example.com", 844 },
		"http://alice.shop.here":             func(o *local.Options) { o.Domain, o.Port = "here", 0 },
	} {
		w := newWorld(t, change)
		if url, err := w.Group(t.Context(), alice); err != nil || url.URL != want {
			t.Errorf("%s, %v, want %s", url, err, want)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slot(t, "web")
	w.deploy(t, request(t, "app", "1"))
	for _, test := range []struct {
		rule   string
		breaks func(t *testing.T)
		says   string
	}{
		{"an app that has stopped", func(t *testing.T) { w.supervisor.Stop(t.Context(), alice, "web", 0) }, "status 502"},
		{"a page in place of the app", func(*testing.T) { w.proxy.Remove("alice.shop.localhost") }, "status 404"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			test.breaks(t)
			err := w.Verify(t.Context(), alice, "web")
			if aloft.ErrorCode(err) != aloft.CodeFailed || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want %q", err, test.says)
			}
		})
	}
}
