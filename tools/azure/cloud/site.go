package cloud

import (
	"maps"
	"net/http"
	"reflect"
	"strings"
	"time"
)

const (
	planKind   = "microsoft.web/serverfarms"
	siteKind   = "microsoft.web/sites"
	slotKind   = "microsoft.web/sites/slots"
	siteSuffix = ".azurewebsites.net"
	scmSuffix  = ".scm" + siteSuffix
)

// planTiers are the tiers of plans by the beginning of their sku (doc, "App
// Service plan overview").
var planTiers = []struct{ prefix, tier string }{
	{"FC", "FlexConsumption"}, {"F", "Free"}, {"D", "Shared"}, {"B", "Basic"}, {"S", "Standard"}, {"P0V3", "Premium0V3"},
	{"P1V2", "PremiumV2"}, {"P", "PremiumV3"}, {"EP", "ElasticPremium"}, {"Y", "Dynamic"},
}

// completePlan fills in what the provider reads (prov, service_plan_resource.go).
func completePlan(_ *Cloud, r *resource) *failure {
	properties, sku := r.properties(), grow(r.body, "sku")
	for _, one := range planTiers {
		if strings.HasPrefix(strings.ToUpper(text(sku, "name")), one.prefix) && sku["tier"] == nil {
			sku["tier"] = one.tier
		}
	}
	preset(sku, "capacity", 1)
	properties["status"], properties["numberOfSites"] = "Ready", 0
	properties["numberOfWorkers"], properties["currentNumberOfWorkers"] = sku["capacity"], sku["capacity"]
	preset(properties, "maximumElasticWorkerCount", 1)
	preset(r.body, "kind", "linux")
	return nil
}

// site is what a web app, or a slot of one, has besides its record. It is
// guarded by the cloud's lock.
type site struct {
	id      string
	name    string        // of the app
	slot    string        // "" = production
	started chan struct{} // closed when nothing is being started
	content string        // folder of what was deployed, "" = nothing
	replica *replica      // nil = it does not run
	problem string        // why it does not run
	stopped bool
	turn    int // of starts: what an older one brings up is thrown away
	lastKey string

	quiet       time.Time // until when the deployment service is being restarted
	settings    int       // writes of settings so far
	unsynced    int       // times that the host of a function app refuses to look anew
	busy        bool      // a deployment is under way
	deployments []*deployment
}

// host returns the first part of the site's host names.
func (s *site) host() string {
	if s.slot == "" {
		return s.name
	}
	return s.name + "-" + s.slot
}

// completeSite fills in what Azure does with a site or a slot, and hands its
// configuration to config/web, where the provider looks for it.
func completeSite(c *Cloud, r *resource) *failure {
	if f := c.taken(r); f != nil {
		return f
	}
	p, properties := parsePath(r.id), r.properties()
	if c.find(text(properties, "serverFarmId")) == nil {
		if text(properties, "serverFarmId") != "" || p.kind == siteKind {
			return notFound("NotFound", "Cannot find ServerFarm with name %s.", lastPart(text(properties, "serverFarmId")))
		}
		properties["serverFarmId"] = text(object(c.find(r.parent()).body, "properties"), "serverFarmId")
	}
	if f := c.claimIdentities(r); f != nil {
		return f
	}
	s, _ := r.state.(*site)
	if s == nil {
		s = &site{id: r.id, name: p.names[0], started: closedChannel()}
		if p.kind == slotKind {
			s.slot = p.names[1]
		}
		r.state = s
		c.work.Go(func() { c.restartSite(s) })
	}
	c.keep(r, "slotSwapStatus", "state")
	describeSite(r, s)
	if configuration, ok := properties["siteConfig"].(map[string]any); ok && c.configure(r, configuration) && c.find(r.id) != nil {
		c.unsettle(s)
	}
	delete(properties, "siteConfig")
	return nil
}

func describeSite(r *resource, s *site) {
	properties, host := r.properties(), strings.ToLower(s.host())
	name := s.name
	if s.slot != "" {
		name += "/" + s.slot
	}
	names := []any{}
	for suffix, kind := range map[string]string{siteSuffix: "Standard", scmSuffix: "Repository"} {
		names = append(names, map[string]any{"name": host + suffix, "sslState": "Disabled", "hostType": kind})
	}
	for name, value := range map[string]any{
		"defaultHostName": host + siteSuffix, "hostNames": []any{host + siteSuffix}, "hostNameSslStates": names,
		"enabledHostNames": []any{host + siteSuffix, host + scmSuffix}, "repositorySiteName": s.name,
		"customDomainVerificationId": "0123456789ABCDEF", "outboundIpAddresses": "20.0.0.1", "possibleOutboundIpAddresses": "20.0.0.1,20.0.0.2",
		"resourceGroup": parsePath(r.id).group, "name": name,
	} {
		properties[name] = value
	}
	for name, value := range map[string]any{
		"state": "Running", "enabled": true, "publicNetworkAccess": "Enabled", "clientCertMode": "Required", "clientCertEnabled": false,
		"keyVaultReferenceIdentity": "SystemAssigned", "vnetBackupRestoreEnabled": false, "availabilityState": "Normal",
	} {
		preset(properties, name, value)
	}
	preset(r.body, "kind", "app,linux")
	r.body["name"] = name
}

func closedChannel() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// configure writes the configuration that came with a site into config/web and
// its settings into config/appsettings, and reports whether that changed them.
func (c *Cloud) configure(r *resource, configuration map[string]any) (changed bool) {
	web, app := c.setting(r.id, "web"), c.setting(r.id, "appsettings")
	before := []any{copied(web.body["properties"]), copied(app.body["properties"])}
	configuration = maps.Clone(configuration)
	if settings, ok := configuration["appSettings"].([]any); ok {
		values := map[string]any{}
		for _, one := range settings {
			pair, _ := one.(map[string]any)
			values[text(pair, "name")] = text(pair, "value")
		}
		app.body["properties"] = values
	}
	delete(configuration, "appSettings")
	withoutNulls(configuration)
	merge(grow(web.body, "properties"), configuration)
	return !reflect.DeepEqual(before, []any{web.body["properties"], app.body["properties"]})
}

// unsettle restarts a site and its deployment service, because what it is told
// has changed. The caller holds the lock.
func (c *Cloud) unsettle(s *site) {
	s.settings++
	s.quiet = time.Now().Add(c.faults.Restart)
	c.work.Go(func() { c.restartSite(s) })
}

// siteOf returns the site behind a host name. The caller holds the lock.
func (c *Cloud) siteOf(host string) *site {
	for _, r := range c.all(func(r *resource) bool { return r.kind == siteKind || r.kind == slotKind }) {
		if s, ok := r.state.(*site); ok && strings.EqualFold(s.host()+siteSuffix, host) {
			return s
		}
	}
	return nil
}

// siteHost returns what answers for web apps and their deployment services.
func (c *Cloud) siteHost(host string) http.Handler {
	if !strings.HasSuffix(host, siteSuffix) {
		return nil
	}
	name, isSCM := strings.CutSuffix(host, scmSuffix)
	if isSCM {
		host = name + siteSuffix
	}
	c.mu.Lock()
	s := c.siteOf(host)
	c.mu.Unlock()
	switch {
	case s == nil:
		return nil // there is no such name in the DNS
	case isSCM:
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.scm(s, w, r) })
	default:
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.serveSite(s, w, r) })
	}
}

// serveSite leads a request to the app. One that is just being started is waited
// for, as App Service does.
func (c *Cloud) serveSite(s *site, w http.ResponseWriter, r *http.Request) {
	for {
		c.mu.Lock()
		running, started, stopped, problem := s.replica, s.started, s.stopped, s.problem
		asksHost := r.URL.Path == "/admin/host/status" && c.isFunction(s)
		c.mu.Unlock()
		switch {
		case stopped:
			http.Error(w, "Error 403 - This web app is stopped.", http.StatusForbidden)
			return
		case running != nil && asksHost:
			c.hostStatus(s, w, r)
			return
		case running != nil:
			running.serve(w, r)
			return
		case isClosedChannel(started):
			http.Error(w, "Application Error: "+problem, http.StatusServiceUnavailable)
			return
		}
		select {
		case <-started:
		case <-r.Context().Done():
			return
		}
	}
}

func isClosedChannel(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// removeSite stops what a site runs.
func removeSite(c *Cloud, r *resource) {
	s, ok := r.state.(*site)
	if !ok {
		return
	}
	s.stopped = true
	s.turn++
	if s.replica != nil {
		c.work.Go(s.replica.close)
		s.replica = nil
	}
}

// siteAction makes an action of what it does to a site.
func siteAction(do func(q *request, r *resource, s *site) *answer) func(*request) *answer {
	return func(q *request) *answer {
		r := q.cloud.find(q.path.id)
		if r == nil {
			return q.missing()
		}
		s, _ := r.state.(*site)
		return do(q, r, s)
	}
}

func startSite(q *request, r *resource, s *site) *answer {
	s.stopped = false
	r.properties()["state"] = "Running"
	q.cloud.work.Go(func() { q.cloud.restartSite(s) })
	return &answer{status: http.StatusOK}
}

func stopSite(q *request, r *resource, s *site) *answer {
	s.stopped = true
	s.turn++
	r.properties()["state"] = "Stopped"
	if s.replica != nil {
		q.cloud.work.Go(s.replica.close)
		s.replica = nil
	}
	return &answer{status: http.StatusOK}
}

func restartSiteNow(q *request, _ *resource, s *site) *answer {
	q.cloud.work.Go(func() { q.cloud.restartSite(s) })
	return &answer{status: http.StatusOK}
}

// instances lists the machines of a site: one.
func instances(q *request) *answer {
	id := q.path.id
	if q.path.last == "" {
		id = id[:strings.LastIndex(strings.ToLower(id), "/instances/")]
	}
	if q.cloud.find(id) == nil {
		return q.missing()
	}
	name := strings.ReplaceAll(idOf(id), "-", "")
	return &answer{status: http.StatusOK, body: map[string]any{"value": []any{map[string]any{
		"id": id + "/instances/" + name, "name": name, "type": "Microsoft.Web/sites/instances", "properties": map[string]any{"state": "READY"},
	}}}}
}
