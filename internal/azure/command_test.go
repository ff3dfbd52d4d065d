package azure_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/azure"
)

func withCommand(r azure.Request) azure.Request {
	r.App.Release = aloft.Command{Args: []string{"bin/migrate", "--all"}}
	return r
}

func TestTwoReleaseCommandsDoNotRunAtATime(t *testing.T) {
	c := newContainerCloud(t)
	c.job = []object{{"name": "run-0", "properties": object{"status": "Running"}}}
	c.tick = func() { // the earlier one ends after a minute
		if c.Now().Sub(newClock().now) >= time.Minute && len(c.job) == 1 {
			c.job[0] = object{"name": "run-0", "properties": object{"status": "Succeeded"}}
		}
	}
	r, log := request("good", containerOutput())
	if err := c.target(t).Release(t.Context(), withCommand(r)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "still at work (run-0)") || c.count("/start") != 1 || c.Now().Sub(newClock().now) < time.Minute {
		t.Errorf("after %s: %s", c.Now().Sub(newClock().now), log)
	}
}

func TestAReleaseCommandWhoseStartIsUnknownIsNotStartedTwice(t *testing.T) {
	c := newContainerCloud(t)
	r, _ := request("good", containerOutput())
	c.cut("/start")
	err := c.target(t).Release(t.Context(), withCommand(r))
	if aloft.ErrorCode(err) != aloft.CodeUnavailable || c.count("/start") != 1 {
		t.Errorf("%d starts, %v", c.count("/start"), err)
	}
}

func TestAStartThatIsOnlyAcceptedIsFoundInTheList(t *testing.T) {
	c := newContainerCloud(t)
	c.next("/start", func(w http.ResponseWriter, _ *http.Request) {
		c.job = append(c.job, object{"name": "run-1", "properties": object{"status": "Running"}})
		reply(w, http.StatusAccepted, nil, "Location", "https://"+manager+"/operation", "Retry-After", "1")
	})
	r, _ := request("good", containerOutput())
	r.Output.More["job"] = jobID
	if err := c.target(t).Release(t.Context(), withCommand(r)); err != nil {
		t.Error(err)
	}
	r.Output.More["job"] = appID
	if err := c.target(t).Release(t.Context(), withCommand(r)); aloft.ErrorCode(err) != aloft.CodeInvalid {
		t.Errorf("the id of an app: %v", err)
	}
}

func TestAReleaseCommandWithoutLinesSaysWhereTheyAre(t *testing.T) {
	c := newContainerCloud(t)
	c.jobEnds = "Failed"
	normal := c.hosts[manager]
	c.hosts[manager] = func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/replicas") {
			reply(w, http.StatusOK, object{"value": []any{}})
			return
		}
		normal(w, r)
	}
	r, _ := request("good", containerOutput())
	err := c.target(t).Release(t.Context(), withCommand(r))
	if aloft.ErrorCode(err) != aloft.CodeFailed || !strings.Contains(aloft.ErrorHint(err), "Log Analytics") {
		t.Errorf("%v → %s", err, aloft.ErrorHint(err))
	}
}

func TestAnImageThatCannotBePushedChangesNothing(t *testing.T) {
	c := newContainerCloud(t)
	refused := errors.New("the registry refuses")
	target, err := azure.New(azure.Options{Credential: token{}, Transport: c, Clock: c.clock,
		Push: func(context.Context, azure.Request, string) (string, error) { return "", refused }})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := request("good", containerOutput())
	for what, err := range map[string]error{"Release": target.Release(t.Context(), withCommand(r)), "Deploy": deployError(target, t, r)} {
		if !errors.Is(err, refused) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if c.count("PATCH")+c.count("POST") > 0 {
		t.Errorf("asked %q", c.requests)
	}
}

func deployError(target *azure.Target, t *testing.T, r azure.Request) error {
	_, _, err := target.Deploy(t.Context(), r)
	return err
}

func TestVerifyTellsWhatTheURLAnswers(t *testing.T) {
	c := newContainerCloud(t)
	r, _ := request("good", containerOutput())
	target := c.target(t)
	if err := target.Verify(t.Context(), r); aloft.ErrorCode(err) != aloft.CodeFailed || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("no host: %v", err)
	}
	c.hosts["web.example"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	if err := target.Verify(t.Context(), r); aloft.ErrorCode(err) != aloft.CodeFailed || !strings.Contains(err.Error(), "status 502") {
		t.Errorf("502: %v", err)
	}
	if target.VerifyTime(r) < time.Minute {
		t.Error("there is no time for the traffic to move everywhere")
	}
}

// What Terraform's output does not tell is found before anything is asked.
func TestOutputsThatDoNotTellEnoughAreNamed(t *testing.T) {
	tests := map[string]struct {
		output aloft.AppOutput
		want   string
	}{
		"no id and no group":     {aloft.AppOutput{Hosting: "container-app", Name: "ca"}, "resource_group"},
		"the id of another type": {aloft.AppOutput{Hosting: "web-app", More: map[string]any{"id": appID}}, "not the id of a resource of type Microsoft.Web/sites"},
		"a broken id":            {aloft.AppOutput{Hosting: "web-app", More: map[string]any{"id": "/subscriptions"}}, "not the id"},
		"name and group do":      {aloft.AppOutput{Hosting: "web-app", Name: "app", More: map[string]any{"resource_group": "rg"}}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			z := newAzure()
			r, _ := request("good", test.output)
			err := z.target(t).Check(r)
			if test.want == "" && err != nil || test.want != "" && (aloft.ErrorCode(err) != aloft.CodeInvalid || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v", err)
			}
			if len(z.requests) > 0 {
				t.Errorf("asked %q", z.requests)
			}
		})
	}
}
