package cloud_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/tools/azure/cloud"
)

// slow is a resource whose writes are operations.
func (w *world) slow(group string) (path string, body object) {
	return group + "/providers/Microsoft.App/managedEnvironments/cae", object{"location": "westeurope", "properties": object{}}
}

func TestAnOperationGoesOnAfterItsAnswer(t *testing.T) {
	w := start(t, cloud.Options{Faults: cloud.Faults{Delay: 150 * time.Millisecond, RetryAfter: soon}})
	path, body := w.slow(w.group("rg-shop"))
	response, err := w.send(http.MethodPut, path, body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusCreated || response.Header.Get("Azure-AsyncOperation") == "" || response.Header.Get("Retry-After") == "" {
		t.Errorf("the answer is %s %v", response.Status, response.Header)
	}
	if got := at(w.get(path), "properties.provisioningState"); got != "InProgress" {
		t.Errorf("meanwhile it is %v", got)
	}
	if _, err := w.send(http.MethodPatch, path, object{}); code(err) != "ContainerAppOperationInProgress" {
		t.Errorf("a second write: %q", code(err))
	}
	until(t, "the end", func() bool { return at(w.get(path), "properties.provisioningState") == "Succeeded" })
}

func TestThrottlingIsSatOut(t *testing.T) {
	w := start(t, cloud.Options{Faults: cloud.Faults{ReadsPerSpan: 3, Span: 100 * time.Millisecond, RetryAfter: soon}})
	group := w.group("rg-shop")
	for range 10 {
		w.get(group)
	}
	throttled := 0
	for _, call := range w.Calls() {
		if call.Status == http.StatusTooManyRequests && call.Fault == "429" {
			throttled++
		}
	}
	if throttled == 0 {
		t.Error("nothing was throttled")
	}
}

func TestWhatIsNewIsNotSeenAtOnce(t *testing.T) {
	w := start(t, cloud.Options{Faults: cloud.Faults{UnseenReads: 2}})
	group := w.subscription() + "/resourceGroups/rg-shop"
	if _, err := w.send(http.MethodPut, group, object{"location": "westeurope"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ResourceNotFound", "ResourceNotFound", ""} {
		if _, err := w.send(http.MethodGet, group, nil); code(err) != want {
			t.Errorf("it says %q, want %q", code(err), want)
		}
	}
}

func TestAPrincipalIsKnownLate(t *testing.T) {
	w := start(t, cloud.Options{Faults: cloud.Faults{PrincipalDelay: 100 * time.Millisecond}})
	group := w.group("rg-shop")
	who := at(w.identity(group, "id-shop"), "properties.principalId")
	if err := w.give("AcrPull", group, who); code(err) != "PrincipalNotFound" {
		t.Errorf("at once it says %q", code(err))
	}
	until(t, "the principal", func() bool { return w.give("AcrPull", group, who) == nil })
}

func TestADeleteCanLoseItsOperation(t *testing.T) {
	w := start(t, cloud.Options{})
	group := w.group("rg-shop")
	w.SetFaults(cloud.Faults{LostOperations: 1})
	if _, err := w.ask(http.MethodDelete, group, nil); code(err) != "OperationNotFound" {
		t.Errorf("it says %q", code(err))
	}
	until(t, "the end", func() bool { return len(w.Resources()) == 0 })
}

func TestAnAnswerIsCutOff(t *testing.T) {
	w := start(t, cloud.Options{})
	w.Answer(cloud.Rule{Method: http.MethodPut, Times: 1, Cut: true})
	group := w.group("rg-shop") // azcore sends it again
	puts := 0
	for _, call := range w.Calls() {
		if call.Method == http.MethodPut && call.Path == group {
			puts++
		}
	}
	if puts != 2 {
		t.Errorf("it was sent %d times, want 2", puts)
	}
}

func TestATestMakesTheAnswer(t *testing.T) {
	w := start(t, cloud.Options{})
	w.Answer(cloud.Rule{
		Method: http.MethodPut, Path: regexp.MustCompile(`(?i)/managedEnvironments/`), After: 1,
		Status: http.StatusForbidden, Code: "RequestDisallowedByPolicy", Message: "Resource 'cae' was disallowed by policy.",
	})
	path, body := w.slow(w.group("rg-shop"))
	w.must(http.MethodPut, path, body)
	if _, err := w.send(http.MethodPut, path, body); code(err) != "RequestDisallowedByPolicy" {
		t.Errorf("it says %q", code(err))
	}
	w.ForgetRules()
	w.must(http.MethodPut, path, body)
}

func TestTheSameSeedGivesTheSameFaults(t *testing.T) {
	record := func() []int {
		w := start(t, cloud.Options{Faults: cloud.Faults{Seed: 7, Throttled: 0.3, RetryAfter: soon}})
		group := w.group("rg-shop")
		for range 20 {
			w.get(group)
		}
		var statuses []int
		for _, call := range w.Calls() {
			if call.Host == "management.azure.com" {
				statuses = append(statuses, call.Status)
			}
		}
		return statuses
	}
	first, second := record(), record()
	if len(first) != len(second) || len(first) <= 21 {
		t.Errorf("%v and %v", first, second)
	}
}
