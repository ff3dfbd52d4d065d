package cloud_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/tools/azure/cloud"
)

// store is a web app with a slot.
type store struct {
	*world
	group, app, slot string
}

// openStore makes a plan, a web app that starts what is deployed by ./run, and
// its slot. It answers with a placeholder until then.
func openStore(t *testing.T, options cloud.Options) *store {
	t.Helper()
	w := start(t, options)
	s := &store{world: w, group: w.group("rg-store")}
	plan := s.group + "/providers/Microsoft.Web/serverfarms/plan"
	w.must(http.MethodPut, plan, object{"location": "westeurope", "sku": object{"name": "S1"}, "properties": object{"reserved": true}})
	s.app = s.group + "/providers/Microsoft.Web/sites/app-store"
	s.slot = s.app + "/slots/staging"
	for _, id := range []string{s.app, s.slot} {
		w.must(http.MethodPut, id, object{"location": "westeurope", "kind": "app,linux", "properties": object{
			"serverFarmId": plan, "siteConfig": object{"appCommandLine": "exec ./run", "linuxFxVersion": "NODE|24-lts"},
		}})
		w.settle(id)
	}
	return s
}

// settle waits until a site that is being started answers.
func (w *world) settle(id string) {
	w.t.Helper()
	until(w.t, "the site", func() bool {
		status, _ := w.page("https://" + at(w.get(id), "properties.defaultHostName").(string))
		return status == http.StatusOK
	})
}

// archive is a zip with the tests' app of a release, in a mood.
func archive(t *testing.T, release, mood string) []byte {
	t.Helper()
	return zipOf(t, map[string][]byte{
		"app": appProgram(t), "run": []byte("#!/bin/sh\nRELEASE=" + release + " MOOD=" + mood + " exec ./app\n"),
	})
}

// nodeArchive is one that App Service's image for Node.js starts by itself.
func nodeArchive(t *testing.T) []byte {
	t.Helper()
	return zipOf(t, map[string][]byte{
		"app": appProgram(t), "package.json": []byte(`{"scripts":{"start":"RELEASE=1 exec ./app"}}`),
	})
}

func zipOf(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range files {
		head := &zip.FileHeader{Name: name, Method: zip.Deflate}
		head.SetMode(0o755)
		file, err := w.CreateHeader(head)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// scm asks the deployment service of a site.
func (s *store) scm(id, method, path string, body []byte) (*http.Response, string) {
	s.t.Helper()
	host := ""
	for _, one := range at(s.get(id), "properties.hostNameSslStates").([]any) {
		if one.(object)["hostType"] == "Repository" {
			host = one.(object)["name"].(string)
		}
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, "https://"+host+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token("https://management.azure.com"))
	response, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	return response, read(s.t, response)
}

// push uploads an archive and returns the last word of its status.
func (s *store) push(id string, body []byte) string {
	s.t.Helper()
	response, text := s.scm(id, http.MethodPost, "/api/publish?type=zip&async=true&clean=true", body)
	deployment := response.Header.Get("SCM-DEPLOYMENT-ID")
	if response.StatusCode != http.StatusAccepted || deployment == "" {
		s.t.Fatalf("the upload says %s %q", response.Status, text)
	}
	word := ""
	until(s.t, "the end of the deployment", func() bool {
		response, err := s.send(http.MethodGet, id+"/deploymentStatus/"+deployment, nil)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		var body object
		if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
			s.t.Fatal(err)
		}
		word = at(body, "properties.status").(string)
		return response.StatusCode == http.StatusOK
	})
	return word
}

func (s *store) says(id string) string {
	s.t.Helper()
	_, text := s.page("https://" + at(s.get(id), "properties.defaultHostName").(string))
	return text
}

func TestASlotIsSwappedIn(t *testing.T) {
	s := openStore(t, cloud.Options{Faults: cloud.Faults{UnseenStatus: 2, RetryAfter: soon}})
	if word := s.push(s.app, archive(t, "1", "")); word != "RuntimeSuccessful" {
		t.Fatalf("the first release: %s", word)
	}
	if word := s.push(s.slot, archive(t, "2", "")); word != "RuntimeSuccessful" {
		t.Fatalf("the second: %s", word)
	}
	if app, slot := s.says(s.app), s.says(s.slot); !strings.Contains(app, "release 1") || !strings.Contains(slot, "release 2") {
		t.Errorf("before: %q and %q", app, slot)
	}
	swap := func() {
		t.Helper()
		response, err := s.send(http.MethodPost, s.app+"/slotsswap", object{"targetSlot": "staging", "preserveVnet": true})
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusAccepted || response.Header.Get("Location") == "" {
			t.Errorf("the swap says %s", response.Status)
		}
		until(t, "the swap", func() bool {
			answer, _ := s.send(http.MethodGet, strings.TrimPrefix(response.Header.Get("Location"), "https://management.azure.com"), nil)
			return answer.StatusCode == http.StatusOK
		})
	}
	swap()
	if app, slot := s.says(s.app), s.says(s.slot); !strings.Contains(app, "release 2") || !strings.Contains(slot, "release 1") {
		t.Errorf("after: %q and %q", app, slot)
	}
	status := at(s.get(s.app), "properties.slotSwapStatus").(object)
	if status["sourceSlotName"] != "staging" || status["destinationSlotName"] != "Production" {
		t.Errorf("slotSwapStatus: %v", status)
	}
	swap()
	if app := s.says(s.app); !strings.Contains(app, "release 1") {
		t.Errorf("a second swap undoes it, and yet: %q", app)
	}
}

func TestASwapCanWantAStatus(t *testing.T) {
	s := openStore(t, cloud.Options{Faults: cloud.Faults{Expiry: 2 * time.Second, RetryAfter: soon}})
	if word := s.push(s.slot, archive(t, "2", "sick")); word != "RuntimeSuccessful" {
		t.Fatalf("it listens, so it runs: %s", word)
	}
	if _, err := s.ask(http.MethodPost, s.app+"/slotsswap", object{"targetSlot": "staging"}); err != nil {
		t.Errorf("any status will do: %v", err)
	}
	if _, err := s.ask(http.MethodPost, s.app+"/slotsswap", object{"targetSlot": "staging"}); err != nil {
		t.Fatal(err)
	}
	s.must(http.MethodPut, s.slot+"/config/appsettings", object{"properties": object{"WEBSITE_SWAP_WARMUP_PING_STATUSES": "200,204"}})
	if _, err := s.ask(http.MethodPost, s.app+"/slotsswap", object{"targetSlot": "staging"}); code(err) != "Conflict" {
		t.Errorf("a sick slot: %q", code(err))
	}
}

func TestADeploymentOfWhatCannotStart(t *testing.T) {
	s := openStore(t, cloud.Options{Faults: cloud.Faults{Expiry: 5 * time.Second, RetryAfter: soon}})
	for _, test := range []struct {
		name string
		body []byte
		want string
	}{
		{"a program that ends", archive(t, "1", "crash"), "RuntimeFailed"},
		{"no archive", []byte("nothing"), "BuildFailed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if word := s.push(s.app, test.body); word != test.want {
				t.Errorf("it is %s, want %s", word, test.want)
			}
		})
	}
	response, err := s.send(http.MethodPost, s.app+"/containerlogs", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text := read(t, response); !strings.Contains(text, "no database, giving up") {
		t.Errorf("the log says %q", text)
	}
}

func TestADeploymentIsRefusedMeanwhile(t *testing.T) {
	s := openStore(t, cloud.Options{})
	s.SetFaults(cloud.Faults{Delay: 300 * time.Millisecond, RetryAfter: soon})
	body := archive(t, "1", "")
	if response, _ := s.scm(s.app, http.MethodPost, "/api/publish?type=zip&async=true", body); response.StatusCode != http.StatusAccepted {
		t.Fatalf("the first: %s", response.Status)
	}
	if response, text := s.scm(s.app, http.MethodPost, "/api/publish?type=zip&async=true", body); response.StatusCode != http.StatusConflict {
		t.Errorf("the second: %s %s", response.Status, text)
	}
	until(t, "the first", func() bool {
		_, text := s.scm(s.app, http.MethodGet, "/api/deployments/latest", nil)
		var latest struct {
			Complete bool
			Status   int
		}
		return json.Unmarshal([]byte(text), &latest) == nil && latest.Complete && latest.Status == 4
	})
	s.must(http.MethodPut, s.app+"/config/appsettings", object{"properties": object{"WEBSITE_RUN_FROM_PACKAGE": "https://example.com/a.zip"}})
	if response, _ := s.scm(s.app, http.MethodPost, "/api/publish?type=zip&async=true", body); response.StatusCode != http.StatusConflict {
		t.Errorf("with a package elsewhere: %s", response.Status)
	}
}

func TestSettingsAreReplacedAndRestart(t *testing.T) {
	s := openStore(t, cloud.Options{})
	settings := s.app + "/config/appsettings"
	s.must(http.MethodPut, settings, object{"properties": object{"A": "1", "B": "2"}})
	s.must(http.MethodPut, settings, object{"properties": object{"B": "3"}})
	if got := s.must(http.MethodPost, settings+"/list", nil)["properties"].(object); got["A"] != nil || got["B"] != "3" {
		t.Errorf("they are %v", got)
	}
	if _, err := s.send(http.MethodGet, settings, nil); code(err) != "MethodNotAllowed" {
		t.Errorf("GET says %q", code(err))
	}
	s.SetFaults(cloud.Faults{Restart: time.Hour, RetryAfter: soon})
	s.must(http.MethodPut, settings, object{"properties": object{}})
	if response, _ := s.scm(s.app, http.MethodGet, "/api/deployments", nil); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("meanwhile the deployment service says %s", response.Status)
	}
}

func TestASettingsWriteBreaksADeployment(t *testing.T) {
	s := openStore(t, cloud.Options{})
	s.SetFaults(cloud.Faults{Delay: 500 * time.Millisecond, RetryAfter: soon})
	response, _ := s.scm(s.app, http.MethodPost, "/api/publish?type=zip&async=true", archive(t, "1", ""))
	s.must(http.MethodPatch, s.app+"/config/web", object{"properties": object{"alwaysOn": true}})
	var body object
	until(t, "the end", func() bool {
		body = s.get(s.app + "/deploymentStatus/" + response.Header.Get("SCM-DEPLOYMENT-ID"))
		return at(body, "properties.status") == "BuildFailed"
	})
	if at(body, "properties.failedInstancesLogs") != nil {
		t.Errorf("there is a log: %v", body)
	}
}

func TestAnImageRunsInAWebApp(t *testing.T) {
	s := openStore(t, cloud.Options{})
	id, host := s.registry(s.group)
	identity := s.identity(s.group, "id-store")
	if err := s.give("AcrPull", id, at(identity, "properties.principalId")); err != nil {
		t.Fatal(err)
	}
	image := s.world.push(host, "1", appImage(t, "1"))
	s.must(http.MethodPatch, s.app+"/config/web", object{"properties": object{
		"linuxFxVersion": "DOCKER|" + image, "appCommandLine": "", "acrUseManagedIdentityCreds": true, "acrUserManagedIdentityID": at(identity, "properties.clientId"),
	}})
	until(t, "the image", func() bool { return strings.Contains(s.says(s.app), "release 1") })
}

func TestAFlexFunctionForgetsItsDeployment(t *testing.T) {
	s := openStore(t, cloud.Options{})
	plan := s.group + "/providers/Microsoft.Web/serverfarms/flex"
	s.must(http.MethodPut, plan, object{"location": "westeurope", "sku": object{"name": "FC1"}, "properties": object{}})
	app := s.group + "/providers/Microsoft.Web/sites/func-store"
	s.must(http.MethodPut, app, object{"location": "westeurope", "kind": "functionapp,linux", "properties": object{
		"serverFarmId": plan, "siteConfig": object{"appCommandLine": "exec ./run"},
	}})
	s.SetFaults(cloud.Faults{UnseenStatus: 1, RetryAfter: soon})
	response, text := s.scm(app, http.MethodPost, "/api/publish?RemoteBuild=false&Deployer=aloft", archive(t, "1", ""))
	var id string
	if err := json.Unmarshal([]byte(text), &id); err != nil || response.StatusCode != http.StatusAccepted {
		t.Fatalf("it says %s %q", response.Status, text)
	}
	if response, _ := s.scm(app, http.MethodGet, "/api/deployments/"+id, nil); response.StatusCode != http.StatusNotFound {
		t.Errorf("at first it says %s", response.Status)
	}
	until(t, "its success", func() bool {
		_, text := s.scm(app, http.MethodGet, "/api/deployments/"+id, nil)
		return strings.Contains(text, `"status":4`)
	})
	if response, _ := s.scm(app, http.MethodGet, "/api/deployments/"+id, nil); response.StatusCode != http.StatusNotFound {
		t.Errorf("afterwards it says %s", response.Status)
	}
}

func TestTheDeploymentServiceAdmitsWhoMayWrite(t *testing.T) {
	s := openStore(t, cloud.Options{})
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://app-store.scm.azurewebsites.net/api/deployments", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("$app-store", "password")
	response, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("a password: %s", response.Status)
	}
}

func TestAFunctionAppTellsOfItsHost(t *testing.T) {
	s := openStore(t, cloud.Options{Faults: cloud.Faults{FailedSyncs: 2, RetryAfter: soon}})
	app := s.group + "/providers/Microsoft.Web/sites/func-store"
	s.must(http.MethodPut, app, object{"location": "westeurope", "kind": "functionapp,linux", "properties": object{
		"serverFarmId": s.group + "/providers/Microsoft.Web/serverfarms/plan",
	}})
	if found := s.get(app + "/functions")["value"].([]any); len(found) != 0 {
		t.Errorf("before a package it has %v", found)
	}
	s.must(http.MethodPut, app+"/config/appsettings", object{"properties": object{"WEBSITE_RUN_FROM_PACKAGE": "https://ststate.blob.core.windows.net/releases/1.zip"}})
	for _, want := range []string{"BadRequest", "BadRequest", ""} {
		if _, err := s.send(http.MethodPost, app+"/hostruntime/admin/host/synctriggers", nil); code(err) != want {
			t.Errorf("it says %q, want %q", code(err), want)
		}
	}
	if found := s.get(app + "/functions")["value"].([]any); len(found) != 1 {
		t.Errorf("with a package it has %v", found)
	}
	s.settle(app)
	key := s.must(http.MethodPost, app+"/host/default/listkeys", nil)["masterKey"].(string)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://func-store.azurewebsites.net/admin/host/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Functions-Key", key)
	response, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text := read(t, response); response.StatusCode != http.StatusOK || !strings.Contains(text, `"state":"Running"`) {
		t.Errorf("the host says %s %q", response.Status, text)
	}
}
