package provider_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/provider"
)

// engines calls test with every engine of this machine: Terraform and OpenTofu.
func engines(t *testing.T, test func(t *testing.T, program string)) {
	t.Helper()
	found := map[string]string{"terraform": lookUp("terraform"), "tofu": lookUp("tofu")}
	for _, name := range []string{"terraform", "tofu"} {
		t.Run(name, func(t *testing.T) {
			if found[name] == "" {
				t.Skipf("needs %s on the PATH, in the cache of Aloft or named by ALOFT_TEST_%s", name, strings.ToUpper(name))
			}
			t.Parallel()
			test(t, found[name])
		})
	}
}

func lookUp(name string) string {
	if path := os.Getenv("ALOFT_TEST_" + strings.ToUpper(name)); path != "" {
		return path
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if cache, err := os.UserCacheDir(); err == nil {
		for _, pattern := range []string{name, "*/" + name, "*/*/" + name} {
			if matches, _ := filepath.Glob(filepath.Join(cache, "aloft", pattern)); len(matches) > 0 {
				return slices.Max(matches)
			}
		}
	}
	return ""
}

// bench is a folder of Terraform, a world and a provider served to it.
type bench struct {
	*world
	program string
	dir     string
	env     []string
}

func newBench(t *testing.T, program, configuration string) *bench {
	t.Helper()
	b := &bench{world: newWorld(), program: program, dir: t.TempDir()}
	b.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
		"TF_VAR_project=shop", "TF_VAR_environment=alice",
	}
	b.serve(t, false)
	b.write(t, configuration)
	b.ok(t, "init", "-input=false", "-no-color")
	return b
}

// serve serves the provider from now on by another process, as a run does that adopts.
func (b *bench) serve(t *testing.T, adopt bool) {
	t.Helper()
	b.serveWith(t, provider.Options{Adopt: adopt})
}

func (b *bench) serveWith(t *testing.T, options provider.Options) {
	t.Helper()
	options.Client, options.Version = b.world, "1.2.3"
	reattach, stop, err := provider.Serve(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	b.env = append(slices.Clip(b.env), "TF_REATTACH_PROVIDERS="+reattach)
}

// head declares the provider, for configurations that say nothing about it.
const head = `terraform {
  required_providers {
    aloft = { source = "aloft-dev/aloft" }
  }
}
resource "aloft_environment" "this" {
  project = "shop"
  name    = "alice"
}
`

func (b *bench) write(t *testing.T, configuration string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, "main.tf"), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs the engine and returns all that it printed, without its line breaks.
func (b *bench) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), b.program, args...)
	cmd.Dir, cmd.Env = b.dir, b.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (b *bench) ok(t *testing.T, args ...string) string {
	t.Helper()
	out, err := b.run(t, args...)
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

// destroy destroys everything, as a run does that is for that.
func (b *bench) destroy(t *testing.T, args ...string) {
	t.Helper()
	defer func(env []string) { b.env = env }(b.env)
	b.serveWith(t, provider.Options{Destroys: true})
	b.ok(t, append([]string{"destroy", "-auto-approve", "-input=false", "-no-color"}, args...)...)
}

func (b *bench) apply(t *testing.T) string {
	t.Helper()
	return b.ok(t, "apply", "-auto-approve", "-input=false", "-no-color")
}

// plan returns the plan's text.
func (b *bench) plan(t *testing.T) string {
	t.Helper()
	return b.ok(t, "plan", "-input=false", "-no-color")
}

// wantNoChanges checks that a further plan is empty.
func (b *bench) wantNoChanges(t *testing.T) {
	t.Helper()
	if out, err := b.run(t, "plan", "-input=false", "-no-color", "-detailed-exitcode"); err != nil {
		t.Errorf("the plan is not empty: %v\n%s", err, out)
	}
}

// flat joins the lines that an engine broke, and drops the frame around them.
func flat(text string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "│", " ")), " ")
}

func wantText(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(flat(text), part) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
}

func wantDone(t *testing.T, b *bench, want ...string) {
	t.Helper()
	got := b.done()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("done: %q, want %q", got, want)
	}
}
