package azure_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
)

func containerOutput() aloft.AppOutput {
	return aloft.AppOutput{Hosting: "container-app", Name: "ca-shop-alice-web", URL: "https://web.example", More: map[string]any{
		"id": appID, "resource_group": "rg-shop-alice", "registry_server": registry, "job": "job-shop-alice-web",
	}}
}

func TestAContainerAppMovesTheTrafficToARevisionThatAnswers(t *testing.T) {
	c := newContainerCloud(t)
	c.secrets = []any{object{"name": "password", "value": "secret"}}
	r, log := request("good", containerOutput())
	release, skipped, err := c.target(t).Deploy(t.Context(), r)
	if err != nil || skipped {
		t.Fatalf("skipped %t, %v\n%s", skipped, err, log)
	}
	if c.serves() != "good" || !slices.Equal(c.active(), []string{"good"}) {
		t.Errorf("%q serves, active are %q", c.serves(), c.active())
	}
	if release.Artifact.ID != digest("good") || release.Number != 1 || release.Status != aloft.ReleaseActive {
		t.Errorf("release %+v", release)
	}
	if len(c.secrets) != 1 {
		t.Error("moving the traffic lost the secrets")
	}
	if !strings.Contains(log.String(), "answers GET /") {
		t.Errorf("log: %s", log)
	}
	t.Run("its container is copied but for image and command", func(t *testing.T) {
		var template object
		for i, name := range c.requests {
			var body struct {
				Properties struct{ Template, Configuration object }
			}
			if strings.HasPrefix(name, "PATCH") && json.Unmarshal([]byte(c.bodies[i]), &body) == nil && body.Properties.Template != nil {
				template = body.Properties.Template
				if body.Properties.Configuration != nil {
					t.Error("the template was sent with a configuration")
				}
			}
		}
		container := template["containers"].([]any)[0].(object)
		if container["command"] != nil || container["env"] == nil || container["probes"] == nil || container["image"] != registry+"/web@sha256:good" {
			t.Errorf("sent %v", container)
		}
	})
	t.Run("the same again is skipped", func(t *testing.T) {
		before := c.count("PATCH")
		_, skipped, err := c.target(t).Deploy(t.Context(), r)
		if err != nil || !skipped || c.count("PATCH") != before {
			t.Errorf("skipped %t, %v", skipped, err)
		}
	})
	t.Run("Verify asks its URL", func(t *testing.T) {
		c.hosts["web.example"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }
		if err := c.target(t).Verify(t.Context(), r); err != nil {
			t.Error(err)
		}
	})
}

func TestARevisionThatDoesNotAnswerLeavesTheOldOneServing(t *testing.T) {
	tests := map[string]struct {
		message string
		within  time.Duration
	}{
		"crash": {"exit code '1'", time.Minute},
		"loop":  {"has ended 4 times", time.Minute},
		"sick":  {"answers GET / with status 500, for 5m0s", 6 * time.Minute},
	}
	for artifact, test := range tests {
		t.Run(artifact, func(t *testing.T) {
			c := newContainerCloud(t)
			target := c.target(t)
			r, _ := request("good", containerOutput())
			if _, _, err := target.Deploy(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			began := c.Now()
			r, log := request(artifact, containerOutput())
			_, _, err := target.Deploy(t.Context(), r)
			if aloft.ErrorCode(err) != aloft.CodeFailed || !strings.Contains(err.Error(), test.message) || aloft.ErrorHint(err) == "" {
				t.Errorf("error %v, hint %q", err, aloft.ErrorHint(err))
			}
			if c.serves() != "good" || !slices.Equal(c.active(), []string{"good"}) {
				t.Errorf("%q serves, active are %q", c.serves(), c.active())
			}
			if took := c.Now().Sub(began); took > test.within {
				t.Errorf("it took %s", took)
			}
			for _, part := range []string{"  | panic: no database", "keeps serving"} {
				if !strings.Contains(log.String(), part) {
					t.Errorf("the log lacks %q:\n%s", part, log)
				}
			}
		})
	}
}

func TestWhatIsAskedWakesUp(t *testing.T) {
	c := newContainerCloud(t)
	r, log := request("asleep", containerOutput())
	r.App.Health.Value = "/healthz"
	if _, _, err := c.target(t).Deploy(t.Context(), r); err != nil || c.serves() != "asleep" {
		t.Errorf("%v\n%s", err, log)
	}
	if c.count("azurecontainerapps.io/healthz") == 0 {
		t.Errorf("asked %q", c.requests)
	}
}

func TestAnOperationThatExpiresEndsTheWait(t *testing.T) {
	c := newContainerCloud(t)
	target := c.target(t)
	r, _ := request("good", containerOutput())
	if _, _, err := target.Deploy(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	c.expires, c.takes = true, 15*time.Minute
	r, _ = request("slow", containerOutput())
	_, _, err := target.Deploy(t.Context(), r)
	if aloft.ErrorCode(err) != aloft.CodeFailed || !strings.Contains(err.Error(), "ContainerAppOperationError") || !strings.Contains(aloft.ErrorHint(err), "port") {
		t.Errorf("error %v → %s", err, aloft.ErrorHint(err))
	}
	if c.serves() != "good" {
		t.Errorf("%q serves", c.serves())
	}
}

func TestAChangeThatMakesNoRevisionIsTold(t *testing.T) {
	c := newContainerCloud(t)
	normal := c.hosts[manager]
	c.hosts[manager] = func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/revisions/ca-shop-alice-web--r12") && r.Method == http.MethodGet {
			refuse(http.StatusNotFound, "RevisionNotFound", "no such revision")(w, r)
			return
		}
		normal(w, r)
	}
	began := c.Now()
	r, _ := request("good", containerOutput())
	_, _, err := c.target(t).Deploy(t.Context(), r)
	if err == nil || !strings.Contains(err.Error(), "there is no revision") || c.Now().Sub(began) > 2*time.Minute || c.serves() != "" {
		t.Errorf("after %s: %v", c.Now().Sub(began), err)
	}
}

func TestAPullThatIsRefusedAtFirstIsTriedAgainWithAnotherName(t *testing.T) {
	c := newContainerCloud(t)
	c.pulls = 2
	r, log := request("pull", containerOutput())
	if _, _, err := c.target(t).Deploy(t.Context(), r); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	if c.serves() != "pull" || len(c.order) != 4 {
		t.Errorf("%q serves, revisions %q", c.serves(), c.order)
	}
	t.Run("but not for ever", func(t *testing.T) {
		c := newContainerCloud(t)
		c.pulls = 1000
		r, _ := request("pull", containerOutput())
		began := c.Now()
		_, _, err := c.target(t).Deploy(t.Context(), r)
		if err == nil || !strings.Contains(err.Error(), "UNAUTHORIZED") {
			t.Errorf("error %v", err)
		}
		if took := c.Now().Sub(began); took < 5*time.Minute || took > 8*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

// A deployment is killed at each of its requests, then run again: at the end the
// new version serves, alone, and no request was lost on what serves.
func TestADeploymentThatWasKilledAnywhereIsTakenUp(t *testing.T) {
	whole := newContainerCloud(t)
	r, _ := request("good", containerOutput())
	if _, _, err := whole.target(t).Deploy(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	for i := range len(whole.requests) {
		c := newContainerCloud(t)
		old, _ := request("old", containerOutput())
		if _, _, err := c.target(t).Deploy(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		ctx, kill := newKilled(t)
		c.killAt(len(c.requests)+i, kill)
		_, _, _ = c.target(t).Deploy(ctx, r)
		if c.serves() != "old" && c.serves() != "good" {
			t.Errorf("killed at request %d: %q serves", i, c.serves())
		}
		c.killAt(-1, nil)
		c.now = c.now.Add(time.Minute)
		if _, _, err := c.target(t).Deploy(t.Context(), r); err != nil {
			t.Errorf("killed at request %d, and again: %v", i, err)
		}
		if c.serves() != "good" || !slices.Equal(c.active(), []string{"good"}) {
			t.Errorf("killed at request %d: %q serves, active %q", i, c.serves(), c.active())
		}
		if len(c.order) > 3 {
			t.Errorf("killed at request %d: %d revisions were made", i, len(c.order))
		}
	}
}

func TestAnAnswerThatIsLostMakesNoSecondRevision(t *testing.T) {
	c := newContainerCloud(t)
	r, _ := request("good", containerOutput())
	c.next("PATCH", func(w http.ResponseWriter, r *http.Request) { c.patch(w, r) }) // pins the traffic
	c.cut("PATCH")
	if _, _, err := c.target(t).Deploy(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if c.serves() != "good" || len(c.order) != 2 {
		t.Errorf("%q serves, revisions %q", c.serves(), c.order)
	}
}

func TestARevisionOfTerraformsWithTheSameImageIsTaken(t *testing.T) {
	c := newContainerCloud(t)
	r, _ := request("good", containerOutput())
	target := c.target(t)
	if _, _, err := target.Deploy(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	c.terraform("setting")
	if _, skipped, err := target.Deploy(t.Context(), r); err != nil || skipped {
		t.Fatalf("skipped %t, %v", skipped, err)
	}
	if c.serving() != "ca-shop-alice-web--setting" || len(c.order) != 3 {
		t.Errorf("%q serves, revisions %q", c.serving(), c.order)
	}
}

func TestGoingBackIsOneChangeOfTheTraffic(t *testing.T) {
	c := newContainerCloud(t)
	target := c.target(t)
	for i, artifact := range []string{"first", "second"} {
		r, _ := request(artifact, containerOutput())
		r.RunID = int64(i + 1)
		c.now = c.now.Add(time.Hour)
		if _, _, err := target.Deploy(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	r, _ := request("", containerOutput())
	releases, err := target.Releases(t.Context(), r)
	if err != nil || len(releases) != 2 {
		t.Fatalf("releases %v, %v", releases, err)
	}
	newest, oldest := releases[0], releases[1]
	if newest.Status != aloft.ReleaseActive || newest.Artifact.ID != digest("second") || newest.RunID != 2 || newest.Number != 2 {
		t.Errorf("newest %+v", newest)
	}
	if oldest.Status != aloft.ReleaseRetired || oldest.Revision != "0123456789ab" {
		t.Errorf("oldest %+v", oldest)
	}
	before := c.count("PATCH")
	if err := target.Restore(t.Context(), r, oldest); err != nil {
		t.Fatal(err)
	}
	if c.serves() != "first" || c.count("PATCH") != before+1 {
		t.Errorf("%q serves after %d changes", c.serves(), c.count("PATCH")-before)
	}
	t.Run("a release that is gone is not found", func(t *testing.T) {
		err := target.Restore(t.Context(), r, aloft.Release{App: "web", Artifact: aloft.Artifact{ID: digest("gone")}})
		if aloft.ErrorCode(err) != aloft.CodeNotFound {
			t.Errorf("error %v", err)
		}
	})
	t.Run("withdrawn, the placeholder answers", func(t *testing.T) {
		if err := target.Withdraw(t.Context(), r, "run 3 failed"); err != nil {
			t.Fatal(err)
		}
		if c.serves() != "" || !slices.Equal(c.active(), []string{""}) {
			t.Errorf("%q serves, active %q", c.serves(), c.active())
		}
	})
}

func TestAReleaseCommandRunsInTheJobOfTheEnvironment(t *testing.T) {
	c := newContainerCloud(t)
	r, log := request("good", containerOutput())
	r.App.Release = aloft.Command{Args: []string{"sh", "-c", "bin/migrate"}}
	if err := c.target(t).Release(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	want := `{"containers":[{"args":["-c","bin/migrate"],"command":["sh"],"env":[{"name":"A","secretRef":"a"}],"image":"` + registry + `/web@sha256:good","name":"job","resources":{"cpu":0.5}}]}`
	if got := strings.TrimSpace(c.sent("/start")); got != want {
		t.Errorf("sent %s\nwant %s", got, want)
	}
	if !strings.Contains(log.String(), "$ bin/migrate\nmigrated 3 tables\n") {
		t.Errorf("log: %s", log)
	}
	t.Run("one that fails is told, nothing changes", func(t *testing.T) {
		c.jobEnds = "Failed"
		err := c.target(t).Release(t.Context(), r)
		if aloft.ErrorCode(err) != aloft.CodeFailed || !strings.Contains(err.Error(), `"bin/migrate" ended as failed`) {
			t.Errorf("error %v", err)
		}
		if c.count("PATCH") != 0 {
			t.Error("something was changed")
		}
	})
	t.Run("without a job it is refused before anything", func(t *testing.T) {
		r.Output.More = map[string]any{"id": appID, "registry_server": registry}
		before := len(c.requests)
		err := c.target(t).Check(r)
		if aloft.ErrorCode(err) != aloft.CodeInvalid || aloft.ErrorHint(err) == "" || len(c.requests) != before {
			t.Errorf("error %v", err)
		}
	})
}

func TestAContainerAppInSingleModeIsRefused(t *testing.T) {
	c := newContainerCloud(t)
	c.mode = "Single"
	r, _ := request("good", containerOutput())
	_, _, err := c.target(t).Deploy(t.Context(), r)
	if aloft.ErrorCode(err) != aloft.CodeInvalid || !strings.Contains(aloft.ErrorHint(err), "Multiple") || c.count("PATCH") != 0 {
		t.Errorf("error %v", err)
	}
}
