package cloud

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxUpload is the largest archive that the deployment service takes (doc: 2 GB;
// less here, since it is held in memory).
const maxUpload = 512 << 20

// scm answers for the deployment service of a site (Kudu). It takes tokens of
// Resource Manager and no passwords, since basic authentication is off.
func (c *Cloud) scm(s *site, w http.ResponseWriter, r *http.Request) {
	if refused := c.refusesSCM(s, r); refused != 0 {
		http.Error(w, http.StatusText(refused), refused)
		return
	}
	rest, _ := strings.CutPrefix(r.URL.Path, "/api/")
	rest = strings.TrimSuffix(rest, "/")
	switch {
	case rest == "publish" && r.Method == http.MethodPost:
		c.publish(s, w, r)
	case rest == "zipdeploy" && r.Method == http.MethodPost:
		c.zipDeploy(s, w, r)
	case rest == "deployments" && r.Method == http.MethodGet:
		c.listDeployments(s, w)
	case strings.HasPrefix(rest, "deployments/") && r.Method == http.MethodGet:
		c.showDeployment(s, w, strings.TrimPrefix(rest, "deployments/"))
	case rest == "settings" && r.Method == http.MethodGet:
		c.mu.Lock()
		settings := copied(c.settingsOf(s))
		c.mu.Unlock()
		answerJSON(w, http.StatusOK, settings)
	default:
		http.NotFound(w, r)
	}
}

// refusesSCM returns the status by which a request is refused, 0 = it is not:
// nobody without a right to the site, and nobody while the service restarts.
func (c *Cloud) refusesSCM(s *site, r *http.Request) int {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	claims, err := readToken(token, c.signer.keys())
	if err != nil || !isManagement(claim(claims, "aud")) {
		return http.StatusUnauthorized
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if rule := c.ruled(r, hostName(r.Host)); rule != nil && rule.Status != 0 {
		return rule.Status
	}
	if !c.allows(claim(claims, "oid"), s.id, "Owner", "Contributor") {
		return http.StatusForbidden
	}
	if time.Now().Before(s.quiet) {
		return http.StatusServiceUnavailable
	}
	return 0
}

// publish takes an upload. It is two APIs under one name (kudu):
// web apps want a type, and async=true for an answer before the end; flex
// functions know RemoteBuild, and answer with the id alone.
func (c *Cloud) publish(s *site, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpload))
	if err != nil {
		http.Error(w, "the upload is cut off or too large", http.StatusRequestEntityTooLarge)
		return
	}
	query := r.URL.Query()
	if c.isFlex(s) {
		c.publishFlex(s, w, r, body)
		return
	}
	kind := query.Get("type")
	if kind != "zip" && kind != "jar" {
		http.Error(w, "type '"+kind+"' not recognized", http.StatusBadRequest)
		return
	}
	if sum := r.Header.Get("X-Ms-Artifact-Checksum"); sum != "" && !sameSum(sum, body) {
		http.Error(w, "the checksum does not match the artifact", http.StatusBadRequest)
		return
	}
	u := upload{kind: kind, clean: kind == "zip", restart: query.Get("restart") != "false", body: body}
	if clean := query.Get("clean"); clean != "" {
		u.clean = clean == "true"
	}
	d, status, problem := c.receive(s, r, "OneDeploy")
	if d == nil {
		http.Error(w, problem, status)
		return
	}
	w.Header().Set("Scm-Deployment-Id", d.id)
	if query.Get("async") == "true" {
		c.work.Go(func() { c.deploy(s, d, u) })
		w.Header().Set("Location", "https://"+r.Host+"/api/deployments/latest?deployer=OneDeploy")
		w.WriteHeader(http.StatusAccepted)
		return
	}
	c.deploy(s, d, u)
	c.answerDone(w, d)
}

func sameSum(sum string, body []byte) bool {
	digest := sha256.Sum256(body)
	return strings.EqualFold(sum, hex.EncodeToString(digest[:]))
}

func (c *Cloud) answerDone(w http.ResponseWriter, d *deployment) {
	c.mu.Lock()
	failed := d.status == statusFailed
	c.mu.Unlock()
	if failed {
		http.Error(w, "the deployment failed", http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// zipDeploy is the older way: isAsync in place of async, and only what its own
// last push brought is taken away (kudu).
func (c *Cloud) zipDeploy(s *site, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpload))
	if err != nil {
		http.Error(w, "the upload is cut off or too large", http.StatusRequestEntityTooLarge)
		return
	}
	d, status, problem := c.receive(s, r, "Push-Deployer")
	if d == nil {
		http.Error(w, problem, status)
		return
	}
	u := upload{kind: "zip", restart: true, body: body}
	if r.URL.Query().Get("isAsync") == "true" {
		c.work.Go(func() { c.deploy(s, d, u) })
		w.Header().Set("Location", "https://"+r.Host+"/api/deployments/"+d.id)
		w.WriteHeader(http.StatusAccepted)
		return
	}
	c.deploy(s, d, u)
	c.answerDone(w, d)
}

// receive makes a deployment, or says why not: another one is under way, or the
// app runs from a package elsewhere (kudu, ConflictRunFromRemoteZipConfigured).
func (c *Cloud) receive(s *site, r *http.Request, deployer string) (d *deployment, status int, problem string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.busy {
		return nil, http.StatusConflict, "There is a deployment currently in progress. Please try again when it completes."
	}
	if where := text(c.settingsOf(s), "WEBSITE_RUN_FROM_PACKAGE"); strings.HasPrefix(where, "http") {
		return nil, http.StatusConflict, "Run-From-Zip is set to a remote URL using WEBSITE_RUN_FROM_PACKAGE or WEBSITE_USE_ZIP app setting. Deployment is not supported in this configuration."
	}
	if given := r.URL.Query().Get("Deployer"); given != "" {
		deployer = given
	}
	d = &deployment{
		id: strings.ReplaceAll(newID(), "-", ""), status: statusPending, state: "BuildRequestReceived", received: time.Now(),
		deployer: deployer, message: r.URL.Query().Get("message"), unseen: c.faults.UnseenStatus, settings: s.settings,
	}
	s.busy = true
	s.deployments = append(s.deployments, d)
	return d, 0, ""
}

func (c *Cloud) listDeployments(s *site, w http.ResponseWriter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := []any{}
	for i := len(s.deployments) - 1; i >= 0; i-- {
		all = append(all, s.deployments[i].describe(s))
	}
	answerJSON(w, http.StatusOK, all)
}

// showDeployment answers for one, for the latest, or for the log of one. That of
// a flex function is forgotten after its end has been told once: its worker is
// recycled (azd).
func (c *Cloud) showDeployment(s *site, w http.ResponseWriter, name string) {
	id, part, _ := strings.Cut(name, "/")
	c.mu.Lock()
	flex := c.isFlexLocked(s)
	var found *deployment
	for _, d := range s.deployments {
		if d.id == id || id == "latest" {
			found = d
		}
	}
	var body any
	switch {
	case found == nil:
	case flex && found.unseen > 0:
		found.unseen--
	case part == "log":
		entries := []any{}
		for _, line := range found.log {
			entries = append(entries, map[string]any{"log_time": stamp(found.received), "id": "", "message": line, "type": 0, "details_url": nil})
		}
		body = entries
	default:
		if !found.ended.IsZero() {
			found.told++
		}
		if !flex || found.told <= 1 {
			body = found.describe(s)
		}
	}
	c.mu.Unlock()
	if body == nil {
		http.Error(w, "no deployment "+id, http.StatusNotFound)
		return
	}
	answerJSON(w, http.StatusOK, body)
}

// publishFlex takes a package of a flex function: 202 with the id as a string.
func (c *Cloud) publishFlex(s *site, w http.ResponseWriter, r *http.Request, body []byte) {
	if r.URL.Query().Get("RemoteBuild") == "" {
		http.Error(w, "RemoteBuild is missing", http.StatusBadRequest)
		return
	}
	d, status, problem := c.receive(s, r, "az_cli")
	if d == nil {
		http.Error(w, problem, status)
		return
	}
	c.work.Go(func() { c.deploy(s, d, upload{kind: "zip", clean: true, body: body}) })
	answerJSON(w, http.StatusAccepted, d.id)
}

func (c *Cloud) isFlex(s *site) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isFlexLocked(s)
}

// isFlexLocked tells a function app on a flex plan. The caller holds the lock.
func (c *Cloud) isFlexLocked(s *site) bool {
	r := c.find(s.id)
	if r == nil || !strings.Contains(text(r.body, "kind"), "functionapp") {
		return false
	}
	p := c.find(text(object(r.body, "properties"), "serverFarmId"))
	return p != nil && strings.EqualFold(text(object(p.body, "sku"), "tier"), "FlexConsumption")
}
