package cloud_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/tools/azure/cloud"
)

// insist asks until Azure neither says "later" nor cuts the connection.
func (w *world) insist(method, path string, body any) error {
	w.t.Helper()
	for try := 0; ; try++ {
		_, err := w.ask(method, path, body)
		switch code(err) {
		case "Conflict", "ContainerAppOperationInProgress", "TooManyRequests", "OperationNotFound":
		default:
			if err == nil || !strings.Contains(err.Error(), "EOF") {
				return err
			}
		}
		if try == 200 {
			return fmt.Errorf("it does not end: %w", err)
		}
		<-time.After(soon) // a client that is told "later" waits
	}
}

func TestWhoeverInsistsGetsThrough(t *testing.T) {
	s := openShop(t, cloud.Options{}, "Single")
	image := s.push(s.host, "1", appImage(t, "1"))
	s.SetFaults(cloud.Faults{Seed: 11, Throttled: 0.1, Conflicting: 0.2, CutAnswers: 0.1, LostOperations: 0.1, Delay: soon, RetryAfter: soon, OtherCase: true})
	for n := range 6 {
		suffix, release := fmt.Sprint("n", n), object{"name": "RELEASE", "value": fmt.Sprint(n)}
		if err := s.insist(http.MethodPatch, s.app, object{"properties": object{"template": template(image, suffix, release)}}); err != nil {
			t.Fatal(err)
		}
		until(t, "release "+suffix, func() bool { return at(s.get(s.app), "properties.latestReadyRevisionName") == "web--"+suffix })
		if _, text := s.page(s.address()); !strings.Contains(text, fmt.Sprint("release ", n)) {
			t.Errorf("release %d: %q", n, text)
		}
	}
	faults := 0
	for _, call := range s.Calls() {
		if call.Fault != "" {
			faults++
		}
	}
	t.Logf("%d faults", faults)
	if faults == 0 {
		t.Error("nothing went wrong")
	}
	if err := s.insist(http.MethodDelete, s.group, nil); err != nil && code(err) != "ResourceGroupNotFound" {
		t.Error(err)
	}
	until(t, "the end", func() bool { return len(s.Resources()) == 0 })
	until(t, "the end of the apps", func() bool { return s.Running() == 0 })
}
