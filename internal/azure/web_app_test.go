package azure_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/azure"
)

// ways are the four ways in which a web app is deployed to.
var ways = map[string]struct {
	slot bool
	more map[string]any
}{
	"archive with a slot":    {true, map[string]any{"slot": "staging"}},
	"archive without a slot": {false, nil},
	"image with a slot":      {true, map[string]any{"slot": "staging", "packaging": "image"}},
	"image without a slot":   {false, map[string]any{"packaging": "image"}},
}

// artifact is a request with a folder of files.
func webRequest(t *testing.T, artifact string, more map[string]any) (azure.Request, *bytes.Buffer) {
	r, log := request(artifact, webOutput(more))
	r.Artifact.Dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(r.Artifact.Dir, "server.js"), []byte("// "+artifact), 0o644); err != nil {
		t.Fatal(err)
	}
	return r, log
}

func TestAWebAppServesANewVersionAndSkipsTheSame(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			c := newSiteCloud(t, way.slot)
			target := c.target(t)
			for _, artifact := range []string{"good1", "good2"} {
				r, log := webRequest(t, artifact, way.more)
				_, skipped, err := target.Deploy(t.Context(), r)
				if err != nil || skipped || c.slots[""].content.artifact != artifact {
					t.Fatalf("skipped %t, %v, %q serves\n%s", skipped, err, c.slots[""].content.artifact, log)
				}
				if err := target.Verify(t.Context(), r); err != nil {
					t.Error(err)
				}
				if slot := c.slots["staging"]; slot != nil && slot.running {
					t.Error("the release before still runs in the slot")
				}
				before := len(c.bodies)
				if _, skipped, err := target.Deploy(t.Context(), r); err != nil || !skipped {
					t.Errorf("again: skipped %t, %v", skipped, err)
				}
				if n := strings.Join(c.requests[before:], "\n"); strings.Contains(n, "POST") || strings.Contains(n, "PATCH") {
					t.Errorf("what serves was touched:\n%s", n)
				}
			}
			if way.slot && c.swaps != 2 {
				t.Errorf("%d swaps", c.swaps)
			}
		})
	}
}

func TestASlotThatIsStoppedWithItsDeploymentServiceIsNoObstacle(t *testing.T) {
	c := newSiteCloud(t, true)
	c.strict = true
	target := c.target(t)
	for _, artifact := range []string{"good1", "good2", "good3"} {
		r, log := webRequest(t, artifact, map[string]any{"slot": "staging"})
		if _, _, err := target.Deploy(t.Context(), r); err != nil {
			t.Fatalf("%v\n%s", err, log)
		}
		if err := target.Verify(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAWebAppThatWasWithdrawnServesAgain(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			c := newSiteCloud(t, false)
			if way.slot {
				c = newSiteCloud(t, true)
			}
			target := c.target(t)
			r, _ := webRequest(t, "good", way.more)
			if err := target.Withdraw(t.Context(), r, "run 1 failed"); err != nil {
				t.Fatal(err)
			}
			if c.slots[""].running {
				t.Fatal("it still runs")
			}
			if _, skipped, err := target.Deploy(t.Context(), r); err != nil || skipped || !c.slots[""].running {
				t.Errorf("skipped %t, %v", skipped, err)
			}
		})
	}
}

func TestAWebAppThatDoesNotAnswer(t *testing.T) {
	for name, way := range ways {
		for _, artifact := range []string{"crash", "dead"} {
			t.Run(name+", "+artifact, func(t *testing.T) {
				c := newSiteCloud(t, way.slot)
				target := c.target(t)
				r, _ := webRequest(t, "good", way.more)
				if _, _, err := target.Deploy(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				r, log := webRequest(t, artifact, way.more)
				_, _, err := target.Deploy(t.Context(), r)
				if aloft.ErrorCode(err) != aloft.CodeFailed || aloft.ErrorHint(err) == "" {
					t.Errorf("error %v", err)
				}
				if !strings.Contains(log.String(), "  | Error: no database") {
					t.Errorf("the log lacks the last lines:\n%s", log)
				}
				kept := way.slot || way.more["packaging"] == "image"
				if kept != (c.slots[""].content.artifact == "good") {
					t.Errorf("%q serves\n%s", c.slots[""].content.artifact, log)
				}
				if !kept && !strings.Contains(log.String(), "cannot be put back") {
					t.Errorf("it is not said that nothing is left:\n%s", log)
				}
				if slot := c.slots["staging"]; slot != nil && slot.running {
					t.Error("what does not answer still runs in the slot")
				}
			})
		}
	}
}

func TestADeploymentOfAWebAppThatWasKilledAnywhereIsTakenUp(t *testing.T) {
	for _, name := range []string{"archive with a slot", "image with a slot"} {
		way := ways[name]
		whole := newSiteCloud(t, true)
		r, _ := webRequest(t, "good", way.more)
		if _, _, err := whole.target(t).Deploy(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		for i := range len(whole.requests) + 3 {
			c := newSiteCloud(t, true)
			target := c.target(t)
			old, _ := webRequest(t, "old", way.more)
			if _, _, err := target.Deploy(t.Context(), old); err != nil {
				t.Fatal(err)
			}
			if err := target.Verify(t.Context(), old); err != nil {
				t.Fatal(err)
			}
			ctx, kill := newKilled(t)
			c.killAt(len(c.requests)+i, kill)
			_, _, _ = target.Deploy(ctx, r)
			c.killAt(-1, nil)
			c.now = c.now.Add(time.Minute)
			if _, _, err := target.Deploy(t.Context(), r); err != nil {
				t.Errorf("%s, killed at request %d, and again: %v", name, i, err)
			}
			if got := c.slots[""].content.artifact; got != "good" || c.swaps != 2 {
				t.Errorf("%s, killed at request %d: %q serves after %d swaps", name, i, got, c.swaps)
			}
		}
	}
}

func TestASwapWhoseAnswerIsLostIsNotSentTwice(t *testing.T) {
	way := ways["archive with a slot"]
	c := newSiteCloud(t, true)
	r, _ := webRequest(t, "good", way.more)
	c.cut("slotsswap")
	if _, _, err := c.target(t).Deploy(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if c.swaps != 1 || c.slots[""].content.artifact != "good" {
		t.Errorf("%q serves after %d swaps", c.slots[""].content.artifact, c.swaps)
	}
}

func TestWhatTheDeploymentServiceDoes(t *testing.T) {
	tests := []struct {
		name     string
		artifact string
		prepare  func(c *siteCloud)
		says     string
		uploads  int
		fails    string
	}{
		{"it is away at first", "good", func(c *siteCloud) { c.scmDown = c.Now().Add(40 * time.Second) }, "", 1, ""},
		{"it is away for good", "good", func(c *siteCloud) { c.scmDown = c.Now().Add(time.Hour) }, "", 0, "status 503"},
		{"another deployment runs", "good", func(c *siteCloud) { c.busy = c.Now().Add(2 * time.Minute) }, "another deployment", 2, ""},
		{"it restarts under the build", "silent", func(c *siteCloud) { c.silent = 1 }, "without a reason", 2, ""},
		{"it restarts under every build", "silent", func(c *siteCloud) { c.silent = 9 }, "without a reason", 3, "without a log"},
		{"the upload's answer is lost", "good", func(c *siteCloud) { c.cut("zipdeploy") }, "", 1, ""},
		{"its status stays as it is for ever, the app answers", "stuck", func(*siteCloud) {}, "asking the app itself", 1, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newSiteCloud(t, true)
			test.prepare(c)
			r, log := webRequest(t, test.artifact, map[string]any{"slot": "staging"})
			_, _, err := c.target(t).Deploy(t.Context(), r)
			if test.fails == "" && err != nil || test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)) {
				t.Errorf("error %v\n%s", err, log)
			}
			if !strings.Contains(log.String(), test.says) {
				t.Errorf("the log lacks %q:\n%s", test.says, log)
			}
			if n := c.count("zipdeploy"); n != test.uploads {
				t.Errorf("%d uploads, want %d", n, test.uploads)
			}
		})
	}
}

func TestGoingBackSwapsTheSlotIn(t *testing.T) {
	for _, name := range []string{"archive with a slot", "image with a slot", "image without a slot"} {
		t.Run(name, func(t *testing.T) {
			way := ways[name]
			c := newSiteCloud(t, way.slot)
			target := c.target(t)
			var first aloft.Release
			for i, artifact := range []string{"first", "second"} {
				r, _ := webRequest(t, artifact, way.more)
				release, _, err := target.Deploy(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				if i == 0 {
					first = release
				}
			}
			r, _ := webRequest(t, "", way.more)
			releases, err := target.Releases(t.Context(), r)
			if err != nil || len(releases) == 0 || releases[0].Status != aloft.ReleaseActive {
				t.Fatalf("releases %v, %v", releases, err)
			}
			if way.slot && (len(releases) != 2 || releases[1].Artifact.ID != first.Artifact.ID) {
				t.Errorf("releases %v", releases)
			}
			for range 2 { // the second time it serves already
				if err := target.Restore(t.Context(), r, first); err != nil {
					t.Fatal(err)
				}
				if got := c.slots[""].content.artifact; got != "first" {
					t.Errorf("%q serves", got)
				}
			}
		})
	}
	t.Run("an archive without a slot is nowhere", func(t *testing.T) {
		c := newSiteCloud(t, false)
		r, _ := webRequest(t, "good", nil)
		err := c.target(t).Restore(t.Context(), r, aloft.Release{App: "web", Artifact: aloft.Artifact{ID: "before"}})
		if aloft.ErrorCode(err) != aloft.CodeNotFound || aloft.ErrorHint(err) == "" {
			t.Errorf("error %v", err)
		}
	})
}

func TestAReleaseCommandIsRefusedWhereNothingRunsIt(t *testing.T) {
	c := newSiteCloud(t, true)
	r, _ := webRequest(t, "good", map[string]any{"slot": "staging"})
	r.App.Release = aloft.Command{Args: []string{"sh", "-c", "bin/migrate"}}
	for what, err := range map[string]error{"Check": c.target(t).Check(r), "Release": c.target(t).Release(t.Context(), r)} {
		if aloft.ErrorCode(err) != aloft.CodeInvalid || !strings.Contains(aloft.ErrorHint(err), "bin/migrate && exec") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if len(c.requests) > 0 {
		t.Errorf("asked %q", c.requests)
	}
}

func TestTheArchiveHasFilesInOrderAndNoLinks(t *testing.T) {
	c := newSiteCloud(t, false)
	r, _ := webRequest(t, "good", nil)
	r.App.Runtime.Value, r.App.Start = "java", aloft.Command{Args: []string{"java", "-jar", "target/shop.jar"}}
	dir := r.Artifact.Dir
	write := func(name string, mode os.FileMode) {
		t.Helper()
		whole := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(whole), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(whole, []byte(name), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("target/shop.jar", 0o644)
	write("node_modules/.store/a/index.js", 0o644)
	write("bin/run", 0o755)
	if err := os.Symlink(".store/a", filepath.Join(dir, "node_modules", "a")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.target(t).Deploy(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	sent := c.sent("zipdeploy")
	archive, err := zip.NewReader(strings.NewReader(sent), int64(len(sent)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range archive.File {
		names = append(names, file.Name)
		if file.Name == "bin/run" && file.Mode().Perm() != 0o755 {
			t.Errorf("%s has mode %s", file.Name, file.Mode())
		}
		if file.Name == ".aloft/revision" {
			content, _ := file.Open()
			text, _ := io.ReadAll(content)
			if string(text) != "aloft artifact=good commit=0123456789abcdef0123456789abcdef01234567 run=12\n" {
				t.Errorf("mark %q", text)
			}
		}
	}
	want := "bin/run node_modules/.store/a/index.js node_modules/a/index.js server.js target/shop.jar app.jar .aloft/revision"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	t.Run("packages of pnpm, which are links, are refused", func(t *testing.T) {
		write("node_modules/.pnpm/a/index.js", 0o644)
		defer os.RemoveAll(filepath.Join(dir, "node_modules", ".pnpm"))
		r.Artifact.ID = "pnpm"
		_, _, err := c.target(t).Deploy(t.Context(), r)
		if aloft.ErrorCode(err) != aloft.CodeInvalid || !strings.Contains(aloft.ErrorHint(err), "node-linker=hoisted") {
			t.Errorf("error %v", err)
		}
	})
	for name, target := range map[string]string{"circle": "..", "outside": "/etc", "nowhere": "gone"} {
		t.Run("a link that leads "+name+" is refused", func(t *testing.T) {
			link := filepath.Join(dir, "bin", name)
			if err := os.Symlink(target, link); err != nil {
				t.Fatal(err)
			}
			defer os.Remove(link)
			r.Artifact.ID = name
			_, _, err := c.target(t).Deploy(t.Context(), r)
			if aloft.ErrorCode(err) != aloft.CodeInvalid || !strings.Contains(err.Error(), "bin/"+name) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestFunctions(t *testing.T) {
	tests := []struct {
		name, sku, artifact string
		fails               string
	}{
		{"flex", "FlexConsumption", "good", ""},
		{"flex, whose deployment is not found at the end", "FlexConsumption", "vanish", ""},
		{"flex, whose build fails", "FlexConsumption", "bad", "failed"},
		{"premium", "ElasticPremium", "good", ""},
		{"a package without functions", "FlexConsumption", "empty", "found no function"},
		{"consumption", "Dynamic", "good", "tier consumption"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newSiteCloud(t, false)
			c.sku = test.sku
			r, log := webRequest(t, test.artifact, nil)
			r.Output.Hosting = "function"
			_, skipped, err := c.target(t).Deploy(t.Context(), r)
			if test.fails == "" && (err != nil || skipped) || test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)) {
				t.Errorf("skipped %t, %v\n%s", skipped, err, log)
			}
			if test.fails != "" || test.artifact == "vanish" {
				return
			}
			if _, skipped, err := c.target(t).Deploy(t.Context(), r); err != nil || !skipped {
				t.Errorf("again: skipped %t, %v", skipped, err)
			}
		})
	}
}

func TestAFunctionHasOneReleaseOnly(t *testing.T) {
	c := newSiteCloud(t, false)
	c.sku = "ElasticPremium"
	target := c.target(t)
	r, _ := webRequest(t, "good", nil)
	r.Output.Hosting = "function"
	if releases, err := target.Releases(t.Context(), r); err != nil || len(releases) > 0 {
		t.Errorf("before: %v, %v", releases, err)
	}
	release, _, err := target.Deploy(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	releases, err := target.Releases(t.Context(), r)
	if err != nil || len(releases) != 1 || releases[0].Status != aloft.ReleaseActive || releases[0].RunID != 12 {
		t.Errorf("releases %v, %v", releases, err)
	}
	if err := target.Restore(t.Context(), r, release); err != nil {
		t.Errorf("what serves: %v", err)
	}
	if err := target.Restore(t.Context(), r, aloft.Release{App: "web", Artifact: aloft.Artifact{ID: "before"}}); aloft.ErrorCode(err) != aloft.CodeNotFound {
		t.Errorf("what was before: %v", err)
	}
	if err := target.Withdraw(t.Context(), r, "run 1 failed"); err != nil || c.slots[""].running {
		t.Errorf("withdrawn: %v", err)
	}
	if releases, err := target.Releases(t.Context(), r); err != nil || len(releases) != 1 || releases[0].Status != aloft.ReleaseRetired {
		t.Errorf("afterwards: %v, %v", releases, err)
	}
}

func TestAFlexDeploymentWaitsForAnother(t *testing.T) {
	c := newSiteCloud(t, false)
	c.sku, c.busy = "FlexConsumption", c.Now().Add(time.Minute)
	r, log := webRequest(t, "good", nil)
	r.Output.Hosting = "function"
	if _, _, err := c.target(t).Deploy(t.Context(), r); err != nil || !strings.Contains(log.String(), "another deployment") {
		t.Errorf("%v\n%s", err, log)
	}
}

func TestAHostingThatIsNotKnownIsNamed(t *testing.T) {
	r, _ := request("good", aloft.AppOutput{Hosting: "static-web-app"})
	err := newAzure().target(t).Check(r)
	if aloft.ErrorCode(err) != aloft.CodeUnavailable || !strings.Contains(err.Error(), "static-web-app") {
		t.Errorf("error %v", err)
	}
}

func TestWhatWasWithdrawnCanBeRestored(t *testing.T) {
	for _, name := range []string{"archive with a slot", "image with a slot"} {
		t.Run(name, func(t *testing.T) {
			c := newSiteCloud(t, true)
			target := c.target(t)
			r, _ := webRequest(t, "good", ways[name].more)
			release, _, err := target.Deploy(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if err := target.Withdraw(t.Context(), r, "test"); err != nil {
				t.Fatal(err)
			}
			if err := target.Restore(t.Context(), r, release); err != nil || !c.slots[""].running || c.swaps != 1 {
				t.Errorf("%v after %d swaps", err, c.swaps)
			}
			err = target.Restore(t.Context(), r, aloft.Release{App: "web"})
			if aloft.ErrorCode(err) != aloft.CodeNotFound {
				t.Errorf("a release without an id: %v", err)
			}
		})
	}
}
