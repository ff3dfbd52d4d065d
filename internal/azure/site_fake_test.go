package azure_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
)

// siteCloud is an Azure with a site and its slot. How a version does depends on
// the name of its artifact.
type siteCloud struct {
	*azureFake
	t       *testing.T
	sku     string
	slots   map[string]*fakeSite // "" is the app
	swaps   int
	busy    time.Time // until then a deployment of somebody else's runs
	scmDown time.Time
	strict  bool // the deployment service of a stopped site refuses
	silent  int  // builds that fail without a reason
	ops     map[string]time.Time
}

type fakeSite struct {
	name    string
	running bool
	content content
	since   time.Time // of the last start or deployment
}

// content moves in a swap.
type content struct {
	message  string // of the newest deployment
	artifact string // that the files, or the image, are of
	stack    string
	at       time.Time // of the deployment
	failed   bool
}

const scmTime = 20 * time.Second // that a deployment takes

func newSiteCloud(t *testing.T, slot bool) *siteCloud {
	c := &siteCloud{azureFake: newAzure(), t: t, sku: "Standard", ops: map[string]time.Time{}, slots: map[string]*fakeSite{"": {name: "app", running: true}}}
	if slot {
		c.slots["staging"] = &fakeSite{name: "app-staging", running: true}
	}
	for _, s := range c.slots {
		s.content.stack = "NODE|24-lts"
		c.hosts[s.host()] = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.answer(s))
			if !s.running || c.Now().Sub(s.since) < 3*time.Second {
				_, _ = w.Write([]byte("Error 403 - This web app is stopped."))
			}
		}
		c.hosts[s.scm()] = func(w http.ResponseWriter, r *http.Request) { c.kudu(s, w, r) }
	}
	c.hosts[manager] = c.manage
	return c
}

func (s *fakeSite) host() string { return s.name + ".azurewebsites.net" }
func (s *fakeSite) scm() string  { return s.name + "-x7.scm.region.azurewebsites.net" }

// does reports whether the artifact of a site behaves so.
func (s *fakeSite) does(what string) bool { return strings.HasPrefix(s.content.artifact, what) }

func (c *siteCloud) answer(s *fakeSite) int {
	switch {
	case !s.running || c.Now().Sub(s.since) < 3*time.Second: // its page stays for a moment
		return http.StatusForbidden
	case s.does("crash"), s.does("dead"), s.does("silent") && c.silent >= 0:
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

func (c *siteCloud) manage(w http.ResponseWriter, r *http.Request) {
	defer c.check()
	path := strings.TrimPrefix(r.URL.Path, siteID)
	site := c.slots[""]
	if rest, ok := strings.CutPrefix(path, "/slots/staging"); ok {
		site, path = c.slots["staging"], rest
	}
	switch {
	case strings.HasPrefix(r.URL.Path, "/operation/"):
		if c.Now().Before(c.ops[r.URL.Path]) {
			reply(w, http.StatusAccepted, nil, "Retry-After", "5")
			return
		}
		reply(w, http.StatusOK, object{"status": "Succeeded"})
	case strings.HasSuffix(path, "/serverfarms/plan"):
		reply(w, http.StatusOK, object{"sku": object{"tier": c.sku}})
	case path == "":
		c.show(w, site)
	case path == "/instances":
		reply(w, http.StatusOK, object{"value": []any{object{"name": "b"}, object{"name": "a"}}})
	case path == "/start", path == "/stop":
		site.running, site.since = path == "/start", c.Now()
		reply(w, http.StatusOK, nil)
	case path == "/config/web":
		c.config(w, r, site)
	case path == "/slotsswap":
		c.swap(w)
	case path == "/containerlogs":
		reply(w, http.StatusOK, "line 1\nError: no database\n")
	case strings.HasPrefix(path, "/deploymentStatus/"):
		c.status(w, r, site)
	case path == "/host/default/listkeys":
		reply(w, http.StatusOK, object{"masterKey": "key"})
	case path == "/functions":
		list := []any{object{"name": "app/WarmUp"}}
		if !site.does("empty") {
			list = append(list, object{"name": "app/hello"})
		}
		reply(w, http.StatusOK, object{"value": list})
	}
}

// check looks that what serves is never taken away where there is a slot.
func (c *siteCloud) check() {
	if app := c.slots[""]; len(c.slots) > 1 && c.Now().Sub(app.since) > 3*time.Second && app.content.artifact != "" && c.answer(app) != http.StatusOK {
		c.t.Errorf("the app has %q and answers with %d", app.content.artifact, c.answer(app))
	}
}

func (c *siteCloud) show(w http.ResponseWriter, s *fakeSite) {
	state := "Running"
	if !s.running {
		state = "Stopped"
	}
	reply(w, http.StatusOK, object{"properties": object{
		"state": state, "defaultHostName": s.host(), "serverFarmId": group + "/providers/Microsoft.Web/serverfarms/plan",
		"hostNameSslStates": []any{object{"name": s.host(), "hostType": "Standard"}, object{"name": s.scm(), "hostType": "Repository"}},
	}})
}

func (c *siteCloud) config(w http.ResponseWriter, r *http.Request, s *fakeSite) {
	if r.Method == http.MethodPatch {
		var body struct {
			Properties map[string]string `json:"properties"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Properties) != 1 {
			c.t.Errorf("sent %v, %v", body, err)
		}
		if s.running {
			c.t.Error("the image was set while the old container can answer")
		}
		s.content.stack = body.Properties["linuxFxVersion"]
		_, s.content.artifact, _ = strings.Cut(s.content.stack, "@sha256:")
	}
	reply(w, http.StatusOK, object{"properties": object{"linuxFxVersion": s.content.stack}})
}

func (c *siteCloud) swap(w http.ResponseWriter) {
	app, slot := c.slots[""], c.slots["staging"]
	app.content, slot.content = slot.content, app.content
	c.swaps++
	c.ops["/operation/swap"] = c.Now().Add(12 * time.Second)
	reply(w, http.StatusAccepted, nil, "Location", "https://"+manager+"/operation/swap")
}

// kudu is the deployment service of a site.
func (c *siteCloud) kudu(s *fakeSite, w http.ResponseWriter, r *http.Request) {
	defer c.check()
	switch {
	case !s.running && c.strict:
		w.WriteHeader(http.StatusForbidden)
	case c.Now().Before(c.scmDown):
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.URL.Path == "/api/deployments":
		reply(w, http.StatusOK, []any{})
	case r.URL.Path == "/api/zipdeploy" || r.URL.Path == "/api/publish":
		c.publish(s, w, r)
	case r.URL.Path == "/api/deployments/latest" && c.Now().Before(c.busy):
		reply(w, http.StatusOK, object{"id": "other", "status": 1, "complete": false, "message": "somebody else's"})
	case strings.HasPrefix(r.URL.Path, "/api/deployments/"):
		c.deployment(s, w, r)
	}
}

func (c *siteCloud) publish(s *fakeSite, w http.ResponseWriter, r *http.Request) {
	if c.Now().Before(c.busy) {
		refuse(http.StatusConflict, "", "There is a deployment currently in progress.")(w, r)
		return
	}
	query := r.URL.Query()
	message := query.Get("message") + query.Get("Deployer")
	_, rest, _ := strings.Cut(message, "artifact=")
	artifact, _, _ := strings.Cut(rest, " ")
	s.content = content{message: message, artifact: artifact, stack: s.content.stack, at: c.Now()}
	if s.does("silent") {
		c.silent--
		s.content.failed = c.silent >= 0
	}
	if r.URL.Path == "/api/publish" {
		reply(w, http.StatusAccepted, `"flex-1"`)
		return
	}
	w.Header().Set("SCM-DEPLOYMENT-ID", "d1")
	w.WriteHeader(http.StatusAccepted)
}

func (c *siteCloud) deployment(s *fakeSite, w http.ResponseWriter, r *http.Request) {
	if s.content.message == "" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	age, flex := c.Now().Sub(s.content.at), strings.HasSuffix(r.URL.Path, "flex-1")
	d := object{"id": "d1", "status": 4, "complete": true, "message": s.content.message, "deployer": "aloft"}
	switch {
	case flex && age < 3*time.Second, flex && s.does("vanish") && age > 6*time.Second:
		w.WriteHeader(http.StatusNotFound)
		return
	case flex:
		d["message"], d["deployer"] = "", s.content.message
	}
	switch {
	case s.content.failed, s.does("bad"):
		d["status"] = 3
	case age < scmTime:
		d["status"], d["complete"] = 1, false
	}
	reply(w, http.StatusOK, d)
}

func (c *siteCloud) status(w http.ResponseWriter, r *http.Request, s *fakeSite) {
	age := c.Now().Sub(s.content.at)
	properties := object{"status": "RuntimeSuccessful"}
	switch {
	case age < 10*time.Second:
		refuse(http.StatusNotFound, "NotFound", "no such deployment")(w, r)
		return
	case s.content.failed:
		properties["status"] = "BuildFailed"
	case age < scmTime:
		properties["status"] = "BuildInProgress"
	case s.does("stuck"), s.does("dead"):
		properties = object{"status": "RuntimeStarting", "numberOfInstancesInProgress": 1}
	case s.does("crash"):
		properties = object{"status": "RuntimeFailed", "numberOfInstancesFailed": 1, "errors": []any{object{"extendedCode": "1", "message": "The container ended"}}}
	}
	reply(w, http.StatusAccepted, object{"properties": properties})
}

func webOutput(more map[string]any) aloft.AppOutput {
	all := map[string]any{"id": siteID, "packaging": "archive", "registry_server": registry}
	maps.Copy(all, more)
	return aloft.AppOutput{Hosting: "web-app", Name: "app-shop-alice-web-1a2b3c", URL: "https://app.azurewebsites.net", More: all}
}
