package terraform_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/terraform"
)

// scripted is an engine that is a shell script.
func scripted(t *testing.T, script string) *terraform.Engine {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tofu")
	executable(t, path, "#!/bin/sh\n"+script)
	return &terraform.Engine{Kind: terraform.KindTofu, Path: path, Version: "1.12.6"}
}

func TestEnvironmentOfEngines(t *testing.T) {
	t.Setenv("ALOFT_TEST_UNRELATED", "x")
	t.Setenv("TF_LOG", "trace")
	t.Setenv("TF_VAR_foreign", "x")
	t.Setenv("HTTPS_PROXY", "http://proxy.invalid")
	e := scripted(t, "env")
	c := aloft.Configuration{
		Dir: t.TempDir(), DataDir: "/data", Vars: map[string]string{"project": "shop"}, Reattach: `{"a/b":{}}`,
		Backend: aloft.Backend{Type: "http", Address: "http://127.0.0.1:1/s", Username: "u", Password: "p"},
		Env:     map[string]string{"ARM_CLIENT_ID": "7", "HOME": "/private"},
	}
	out, err := e.Command(t.Context(), c).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(out), "\n")
	for _, want := range []string{
		"TF_VAR_project=shop", "TF_DATA_DIR=/data", "TF_REATTACH_PROVIDERS={\"a/b\":{}}", "TF_HTTP_ADDRESS=http://127.0.0.1:1/s",
		"TF_HTTP_LOCK_METHOD=LOCK", "TF_HTTP_PASSWORD=p", "ARM_CLIENT_ID=7", "HOME=/private", "CHECKPOINT_DISABLE=1",
		"TF_CLI_CONFIG_FILE=/dev/null", "HTTPS_PROXY=http://proxy.invalid",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("the environment lacks %s", want)
		}
	}
	for _, line := range lines {
		if strings.HasPrefix(line, "ALOFT_") || strings.HasPrefix(line, "TF_LOG") || strings.HasPrefix(line, "TF_VAR_foreign") {
			t.Errorf("the environment has %s", line)
		}
	}
}

func TestOneInterrupt(t *testing.T) {
	t.Parallel()
	c, _, log := environment(t, map[string]string{"main.tf": ""})
	e := scripted(t, `trap 'echo "interrupted" >&2; echo x >> interrupts; kill $sleeper; exit 1' INT
sleep 300 & sleeper=$!
echo started >&2
wait`)
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan struct{})
	c.Log = notifier{log, "started", seen}
	go func() { <-seen; cancel() }()
	_, err := e.Destroy(ctx, c)
	wantError(t, err, aloft.CodeCanceled, "cannot destroy shop/alice")
	if count, _ := os.ReadFile(filepath.Join(c.Dir, "interrupts")); string(count) != "x\n" {
		t.Errorf("the interrupts are %q", count)
	}
}

func TestStubbornEngineIsKilledWithItsChildren(t *testing.T) {
	t.Parallel()
	c, _, log := environment(t, map[string]string{"main.tf": ""})
	e := terraform.WithGrace(*scripted(t, `trap '' INT
sleep 300 & echo $! > child
echo started >&2
wait`), 50*time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan struct{})
	c.Log = notifier{log, "started", seen}
	go func() { <-seen; cancel() }()
	_, err := e.Destroy(ctx, c)
	wantError(t, err, aloft.CodeCanceled)
	wantChildGone(t, c.Dir)
}

func TestKilledEngineTakesItsChildrenAlong(t *testing.T) {
	t.Parallel()
	c, _, _ := environment(t, map[string]string{"main.tf": ""})
	e := scripted(t, "sleep 300 >/dev/null 2>&1 & echo $! > child; kill -9 $$")
	_, err := e.Destroy(t.Context(), c)
	wantError(t, err, aloft.CodeFailed)
	wantChildGone(t, c.Dir)
}

// wantChildGone wants the process to end whose number is in the file child.
func wantChildGone(t *testing.T, dir string) {
	t.Helper()
	text, _ := os.ReadFile(filepath.Join(dir, "child"))
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); alive(pid); { // a signal takes a moment
		if time.Now().After(deadline) {
			t.Fatalf("the child %d still runs", pid)
		}
	}
}

// alive reports whether a process runs; one that only waits to be collected does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestSilentFailure(t *testing.T) {
	t.Parallel()
	c, _, log := environment(t, map[string]string{"main.tf": ""})
	e := scripted(t, "echo 'panic: the engine is broken' >&2; echo '{\"valid\":true}'; exit 11")
	_, _, err := e.Apply(t.Context(), c)
	wantError(t, err, aloft.CodeFailed, "OpenTofu ended without saying why", "exit status 11")
	if strings.Contains(err.Error(), "panic") || !strings.Contains(log.String(), "panic: the engine is broken\n") {
		t.Errorf("the error is %v, the log is\n%s", err, log)
	}
}

func TestOutputShapes(t *testing.T) {
	t.Parallel()
	for rule, test := range map[string]struct {
		outputs string
		app     aloft.AppOutput // the app "web"
		says    string          // of the error
	}{
		"the outputs of NubesGen": {
			`"application_name":{"type":"string","value":"shop-web"},"application_url":{"type":"string","value":"shop.example.net"},"resource_group":{"type":"string","value":"rg"}`,
			aloft.AppOutput{Name: "shop-web", URL: "https://shop.example.net", More: map[string]any{"resource_group": "rg"}}, "",
		},
		"null fields are as if not there": {
			`"apps":{"type":"x","value":{"web":{"hosting":"local","url":null,"extra":null}}}`,
			aloft.AppOutput{Hosting: "local", Name: "web"}, "",
		},
		"an app without hosting":      {`"apps":{"type":"x","value":{"web":{"url":"u"}}}`, aloft.AppOutput{}, "web has no hosting"},
		"an app that is no object":    {`"apps":{"type":"x","value":{"web":"u"}}`, aloft.AppOutput{}, "web is not an object"},
		"a field of another type":     {`"apps":{"type":"x","value":{"web":{"hosting":"local","url":7}}}`, aloft.AppOutput{}, "web.url is not a string"},
		"a name that no app can have": {`"apps":{"type":"x","value":{"My App":{}}}`, aloft.AppOutput{}, "not the name of an app"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			text := `{"type":"change_summary","changes":{"operation":"apply"}}` + "\n" + `{"type":"outputs","outputs":{` + test.outputs + "}}\n"
			_, outputs, _, err := terraform.ReadStream([]byte(text), 64, nil)
			if test.says != "" {
				wantError(t, err, aloft.CodeInvalid, test.says)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			web := outputs.Apps["web"]
			if web.Hosting != test.app.Hosting || web.Name != test.app.Name || web.URL != test.app.URL || len(web.More) != len(test.app.More) {
				t.Errorf("the app is %+v, want %+v", web, test.app)
			}
		})
	}
}
