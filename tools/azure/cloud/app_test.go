package cloud_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/tools/azure/cloud"
)

// shop is a container app in a group with all it needs.
type shop struct {
	*world
	group, registry, app, host string
	identity                   object
}

// openShop makes a group with registry, identity and environment, and an app
// that runs Microsoft's placeholder, as the generated configuration does.
func openShop(t *testing.T, options cloud.Options, mode string) *shop {
	t.Helper()
	w := start(t, options)
	s := &shop{world: w, group: w.group("rg-shop")}
	s.identity = w.identity(s.group, "id-shop")
	s.registry, s.host = w.registry(s.group)
	if err := w.give("AcrPull", s.registry, at(s.identity, "properties.principalId")); err != nil {
		t.Fatal(err)
	}
	environment, body := w.slow(s.group)
	w.must(http.MethodPut, environment, body)
	s.app = s.group + "/providers/Microsoft.App/containerApps/web"
	w.must(http.MethodPut, s.app, object{
		"location": "westeurope",
		"identity": object{"type": "UserAssigned", "userAssignedIdentities": object{s.identity["id"].(string): object{}}},
		"properties": object{
			"managedEnvironmentId": environment,
			"configuration": object{
				"activeRevisionsMode": mode,
				"ingress":             object{"external": true, "targetPort": 8080, "traffic": []any{object{"latestRevision": true, "weight": 100}}},
				"registries":          []any{object{"server": s.host, "identity": s.identity["id"]}},
				"secrets":             []any{object{"name": "token", "value": "of-the-shop"}},
			},
			"template": template("mcr.microsoft.com/azurelinux/base/python:3.12", ""),
		},
	})
	return s
}

func template(image, suffix string, env ...any) object {
	made := object{
		"containers": []any{object{
			"name": "app", "image": image,
			"env":       append([]any{object{"name": "PORT", "value": "8080"}, object{"name": "TOKEN", "secretRef": "token"}}, env...),
			"probes":    []any{object{"type": "Readiness", "httpGet": object{"path": "/health", "port": 8080}}},
			"resources": object{"cpu": 0.5, "memory": "1Gi"},
		}},
		"scale": object{"minReplicas": 0, "maxReplicas": 3},
	}
	if suffix != "" {
		made["revisionSuffix"] = suffix
	}
	return made
}

// release patches the app to an image.
func (s *shop) release(image, suffix string, env ...any) error {
	s.t.Helper()
	_, err := s.ask(http.MethodPatch, s.app, object{"properties": object{"template": template(image, suffix, env...)}})
	return err
}

func (s *shop) address() string {
	return "https://" + at(s.get(s.app), "properties.configuration.ingress.fqdn").(string)
}

func (s *shop) revision(suffix string) object {
	s.t.Helper()
	return s.get(s.app + "/revisions/web--" + suffix)
}

func TestAReleaseTakesOverInSingleMode(t *testing.T) {
	s := openShop(t, cloud.Options{}, "Single")
	if status, text := s.page(s.address()); status != http.StatusOK || !strings.Contains(text, "Nothing is deployed") {
		t.Errorf("before it says %d %q", status, text)
	}
	if err := s.release(s.push(s.host, "1", appImage(t, "1")), "one"); err != nil {
		t.Fatal(err)
	}
	status, text := s.page(s.address())
	if status != http.StatusOK || !strings.Contains(text, "release 1") || !strings.Contains(text, `"of-the-shop"`) {
		t.Errorf("it says %d %q", status, text)
	}
	if !strings.Contains(text, strings.TrimPrefix(s.address(), "https://")) {
		t.Errorf("the app is told another host: %q", text)
	}
	if got := at(s.get(s.app), "properties.latestReadyRevisionName"); got != "web--one" {
		t.Errorf("%v is ready", got)
	}
	active := 0
	for _, one := range s.get(s.app + "/revisions")["value"].([]any) {
		if at(one.(object), "properties.active") == true {
			active++
		}
	}
	if active != 1 {
		t.Errorf("%d revisions are active", active)
	}
}

func TestSecretsAreNotTold(t *testing.T) {
	s := openShop(t, cloud.Options{}, "Single")
	secrets := at(s.get(s.app), "properties.configuration.secrets").([]any)
	if secrets[0].(object)["value"] != nil {
		t.Errorf("GET tells %v", secrets)
	}
	if told := s.must(http.MethodPost, s.app+"/listSecrets", nil)["value"].([]any); told[0].(object)["value"] != "of-the-shop" {
		t.Errorf("listSecrets tells %v", told)
	}
	_, err := s.ask(http.MethodPatch, s.app, object{"properties": object{"configuration": object{"secrets": secrets}}})
	if code(err) != "ContainerAppSecretInvalid" {
		t.Errorf("sending them back says %q", code(err))
	}
}

func TestTrafficMovesInMultipleMode(t *testing.T) {
	s := openShop(t, cloud.Options{}, "Multiple")
	image := s.push(s.host, "1", appImage(t, "1"))
	traffic := func(weights ...any) {
		t.Helper()
		s.must(http.MethodPatch, s.app, object{"properties": object{"configuration": object{"ingress": object{"traffic": weights}}}})
	}
	if err := s.release(image, "one"); err != nil {
		t.Fatal(err)
	}
	traffic(object{"revisionName": "web--one", "weight": 100})
	if err := s.release(image, "two", object{"name": "RELEASE", "value": "2"}); err != nil {
		t.Fatal(err)
	}
	if _, text := s.page(s.address()); !strings.Contains(text, "release 1") {
		t.Errorf("with 0 %% it says %q", text)
	}
	own := "https://" + at(s.revision("two"), "properties.fqdn").(string)
	if _, text := s.page(own); !strings.Contains(text, "release 2") {
		t.Errorf("its own host says %q", text)
	}
	traffic(object{"revisionName": "web--one", "weight": 50}, object{"revisionName": "web--two", "weight": 50})
	seen := map[string]bool{}
	for range 40 {
		_, text := s.page(s.address())
		seen[text[:len("release 1")]] = true
	}
	if !seen["release 1"] || !seen["release 2"] {
		t.Errorf("half and half says %v", seen)
	}
	traffic(object{"revisionName": "web--two", "weight": 100})
	s.must(http.MethodPost, s.app+"/revisions/web--one/deactivate", nil)
	if _, text := s.page(s.address()); !strings.Contains(text, "release 2") {
		t.Errorf("it says %q", text)
	}
	if status, _ := s.page("https://" + at(s.revision("one"), "properties.fqdn").(string)); status < 400 {
		t.Errorf("a revision that is deactivated answers %d", status)
	}
	s.must(http.MethodPost, s.app+"/revisions/web--one/activate", nil)
	traffic(object{"revisionName": "web--one", "weight": 100})
	until(t, "release 1 again", func() bool {
		_, text := s.page(s.address())
		return strings.Contains(text, "release 1")
	})
	if _, err := s.ask(http.MethodPatch, s.app, object{"properties": object{"configuration": object{"ingress": object{
		"traffic": []any{object{"revisionName": "web--one", "weight": 60}},
	}}}}); code(err) != "ContainerAppInvalidTraffic" {
		t.Errorf("60 %% of the traffic: %q", code(err))
	}
}

func TestABrokenReleaseDoesNotServe(t *testing.T) {
	s := openShop(t, cloud.Options{Faults: cloud.Faults{Expiry: time.Second, RetryAfter: soon}}, "Single")
	image := s.push(s.host, "1", appImage(t, "1"))
	if err := s.release(image, "good"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, image, mood string
		operation         string // its code
		problem           string
	}{
		{"that ends by itself", image, "crash", "", "exit status 3"},
		{"whose probe fails", image, "sick", "ContainerAppOperationError", "probes"},
		{"whose image is not there", s.host + "/shop/web:lost", "", "ContainerAppOperationError", "MANIFEST_UNKNOWN"},
	} {
		t.Run(test.name, func(t *testing.T) {
			suffix := strings.ReplaceAll(test.name, " ", "")
			err := s.release(test.image, suffix, object{"name": "MOOD", "value": test.mood})
			if code(err) != test.operation {
				t.Errorf("the operation says %q, want %q", code(err), test.operation)
			}
			revision := s.revision(suffix)
			if state := at(revision, "properties.provisioningState"); state != "Failed" {
				t.Errorf("the revision is %v", state)
			}
			if problem, _ := at(revision, "properties.provisioningError").(string); !strings.Contains(problem, test.problem) {
				t.Errorf("its problem is %q, want %q", problem, test.problem)
			}
			if _, text := s.page(s.address()); !strings.Contains(text, "release 1") {
				t.Errorf("what serves says %q", text)
			}
			if got := at(s.get(s.app), "properties.latestReadyRevisionName"); got != "web--good" {
				t.Errorf("%v is ready", got)
			}
		})
	}
}

func TestThePullRightCountsLate(t *testing.T) {
	s := openShop(t, cloud.Options{}, "Single")
	image := s.push(s.host, "1", appImage(t, "1"))
	faults := cloud.Faults{RoleDelay: time.Hour, Expiry: 100 * time.Millisecond, RetryAfter: soon}
	s.SetFaults(faults)
	if err := s.release(image, "early"); code(err) != "ContainerAppOperationError" {
		t.Errorf("at once it says %q", code(err))
	}
	if problem, _ := at(s.revision("early"), "properties.provisioningError").(string); !strings.Contains(problem, "UNAUTHORIZED") {
		t.Errorf("the problem is %q", problem)
	}
	faults.RoleDelay, faults.Expiry = 0, 0
	s.SetFaults(faults)
	if err := s.release(image, "later"); err != nil {
		t.Error(err)
	}
}

func TestASuffixIsUsedOnce(t *testing.T) {
	s := openShop(t, cloud.Options{}, "Single")
	image := s.push(s.host, "1", appImage(t, "1"))
	for _, suffix := range []string{"one", "two"} {
		if err := s.release(image, suffix); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.release(image, "two", object{"name": "RELEASE", "value": "3"}); code(err) != "ContainerAppRevisionSuffixInUse" {
		t.Errorf("one that is active: %q", code(err))
	}
	if err := s.release(image, "one", object{"name": "RELEASE", "value": "3"}); err != nil {
		t.Errorf("one that is inactive: %v", err)
	}
	if _, text := s.page(s.address()); !strings.Contains(text, "release 1") {
		t.Errorf("it does nothing, and yet: %q", text)
	}
	for _, bad := range []string{"a--b", "Upper", strings.Repeat("x", 64)} {
		if err := s.release(image, bad); code(err) != "ContainerAppInvalidRevisionSuffix" {
			t.Errorf("%s: %q", bad, code(err))
		}
	}
}

func TestARequestWakesWhatSleeps(t *testing.T) {
	s := openShop(t, cloud.Options{}, "Single")
	if err := s.release(s.push(s.host, "1", appImage(t, "1")), "one"); err != nil {
		t.Fatal(err)
	}
	s.ScaleToZero("web")
	if got := at(s.revision("one"), "properties.runningState"); got != "ScaledToZero" {
		t.Errorf("it is %v", got)
	}
	if status, text := s.page(s.address()); status != http.StatusOK || !strings.Contains(text, "release 1") {
		t.Errorf("it says %d %q", status, text)
	}
}

func TestTheLastLinesOfARelease(t *testing.T) {
	s := openShop(t, cloud.Options{}, "Single")
	if err := s.release(s.push(s.host, "1", appImage(t, "1", "MOOD=crash")), "bad"); err != nil {
		t.Fatal(err)
	}
	token := at(s.must(http.MethodPost, s.app+"/getAuthToken", nil), "properties.token").(string)
	replicas := s.get(s.app + "/revisions/web--bad/replicas")["value"].([]any)
	if len(replicas) != 1 {
		t.Fatalf("replicas: %v", replicas)
	}
	container := at(replicas[0].(object), "properties.containers").([]any)[0].(object)
	text := s.log(container["logStreamEndpoint"].(string)+"?tailLines=5&output=text", token)
	if !strings.Contains(text, "no database, giving up") {
		t.Errorf("the log says %q", text)
	}
	if text := s.log(container["logStreamEndpoint"].(string), "another"); !strings.Contains(text, "token") {
		t.Errorf("with another token it says %q", text)
	}
}

func (w *world) log(address, token string) string {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	return read(w.t, response)
}

func TestAJobRunsOnce(t *testing.T) {
	s := openShop(t, cloud.Options{}, "Single")
	image := s.push(s.host, "1", appImage(t, "1", "MOOD=once"))
	job := s.group + "/providers/Microsoft.App/jobs/release"
	s.must(http.MethodPut, job, object{
		"location": "westeurope",
		"identity": object{"type": "UserAssigned", "userAssignedIdentities": object{s.identity["id"].(string): object{}}},
		"properties": object{
			"environmentId": s.group + "/providers/Microsoft.App/managedEnvironments/cae",
			"configuration": object{
				"triggerType": "Manual", "replicaTimeout": 60, "manualTriggerConfig": object{"parallelism": 1, "replicaCompletionCount": 1},
				"registries": []any{object{"server": s.host, "identity": s.identity["id"]}},
			},
			"template": object{"containers": []any{object{"name": "app", "image": image}}},
		},
	})
	for _, test := range []struct {
		name     string
		override any
		want     string
		said     string
	}{
		{"that succeeds", nil, "Succeeded", "migrated 1"},
		{"that fails", object{"containers": []any{object{"name": "app", "image": image, "env": []any{object{"name": "MOOD", "value": "crash"}}}}}, "Failed", "no database"},
		{"with a command that is not there", object{"containers": []any{object{"name": "app", "image": image, "command": []string{"/srv/no"}}}}, "Failed", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			execution := s.must(http.MethodPost, job+"/start", test.override)["id"].(string)
			until(t, "its end", func() bool { return at(s.get(execution), "properties.status") != "Running" })
			if got := at(s.get(execution), "properties.status"); got != test.want {
				t.Errorf("it is %v, want %s", got, test.want)
			}
			token := at(s.must(http.MethodPost, job+"/getAuthToken", nil), "properties.token").(string)
			replicas := s.get(execution + "/replicas")["value"].([]any)
			container := at(replicas[0].(object), "properties.containers").([]any)[0].(object)
			if text := s.log(container["logStreamEndpoint"].(string)+"?output=text", token); !strings.Contains(text, test.said) {
				t.Errorf("it printed %q, want %q", text, test.said)
			}
		})
	}
}
