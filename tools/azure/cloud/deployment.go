package cloud

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	slash "path"
	"path/filepath"
	"strings"
	"time"
)

// deployment is one of a site's deployment service. It is guarded by the cloud's lock.
type deployment struct {
	id       string
	status   int    // Kudu's numbers: see below
	state    string // deploymentStatus' word
	message  string
	deployer string
	log      []string
	received time.Time
	ended    time.Time
	unseen   int // reads of its status that are still answered with 404
	told     int // reads after its end
	settings int // writes of the site's settings before it
}

// Kudu's statuses of api/deployments (kudu, DeployStatus.cs).
const (
	statusPending   = 0
	statusDeploying = 2
	statusFailed    = 3
	statusSuccess   = 4
)

// upload is what a push to the deployment service asks for.
type upload struct {
	kind    string // "zip", "jar"
	clean   bool   // what is there goes
	restart bool
	body    []byte
}

// deploy lays an upload out and starts it. Files in place are "success" for the
// deployment; how the start goes is told by deploymentStatus alone (azd, az).
func (c *Cloud) deploy(s *site, d *deployment, u upload) {
	c.mu.Lock()
	content, delay := s.content, c.faults.Delay
	d.status, d.state = statusDeploying, "BuildInProgress"
	c.mu.Unlock()
	pause(c.context, delay)
	fresh, err := c.layOutUpload(content, u)
	c.mu.Lock()
	if err == nil && s.settings != d.settings {
		err = errRestarted
	}
	if err != nil {
		d.status, d.state, d.ended = statusFailed, "BuildFailed", time.Now()
		if !errors.Is(err, errRestarted) { // that one leaves no log (azd's retries)
			d.log = append(d.log, err.Error())
		}
		s.busy = false
		c.mu.Unlock()
		return
	}
	s.content, s.busy = fresh, false
	d.status, d.state, d.ended = statusSuccess, "RuntimeStarting", time.Now()
	c.mu.Unlock()
	if !u.restart {
		return
	}
	c.restartSite(s)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.faults.StuckStatus, s.stopped: // of a site that is stopped it never ends (azd)
	case s.replica != nil:
		d.state = "RuntimeSuccessful"
	default:
		d.state = "RuntimeFailed"
		d.log = append(d.log, s.problem)
	}
}

var errRestarted = errors.New("the deployment service was restarted")

// layOutUpload makes a folder of what is there and what comes.
func (c *Cloud) layOutUpload(before string, u upload) (string, error) {
	folder := filepath.Join(c.options.Dir, "sites")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(folder, "wwwroot-*")
	if err != nil {
		return "", err
	}
	if !u.clean && before != "" {
		if err := os.CopyFS(fresh, os.DirFS(before)); err != nil {
			return "", err
		}
	}
	if u.kind == "jar" {
		return fresh, os.WriteFile(filepath.Join(fresh, "app.jar"), u.body, 0o644)
	}
	return fresh, unzip(fresh, u.body)
}

// unzip writes the files of a zip archive below a folder, and none beside it.
func unzip(dir string, archive []byte) error {
	files, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return fmt.Errorf("the archive cannot be read: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, file := range files.File {
		if err := unzipFile(root, file); err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
	}
	return nil
}

func unzipFile(root *os.Root, file *zip.File) error {
	name := strings.TrimPrefix(slash.Clean("/"+strings.ReplaceAll(file.Name, `\`, "/")), "/")
	if name == "" {
		return nil
	}
	if file.FileInfo().IsDir() {
		return root.MkdirAll(name, 0o755)
	}
	if err := root.MkdirAll(slash.Dir(name), 0o755); err != nil {
		return err
	}
	in, err := file.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	// A link comes out as a file with its target in it, as with a plain zip.
	out, err := root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, file.Mode().Perm()|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// describe returns a deployment as api/deployments has it (kudu, DeployResult.cs).
func (d *deployment) describe(s *site) map[string]any {
	complete := !d.ended.IsZero()
	address := "https://" + strings.ToLower(s.host()) + scmSuffix + "/api/deployments/" + d.id
	body := map[string]any{
		"id": d.id, "status": d.status, "status_text": "", "author_email": "N/A", "author": "N/A", "deployer": d.deployer,
		"message": d.message, "progress": "", "received_time": stamp(d.received), "start_time": stamp(d.received), "end_time": nil,
		"complete": complete, "active": complete && d.status == statusSuccess, "is_temp": false, "is_readonly": true,
		"url": address, "log_url": address + "/log", "site_name": s.name, "provisioningState": "InProgress",
	}
	if complete {
		body["end_time"], body["provisioningState"] = stamp(d.ended), "Succeeded"
		if d.status == statusFailed {
			body["provisioningState"] = "Failed"
		}
	}
	return body
}

// deploymentStatus answers Resource Manager's view of a deployment: the same body
// with 200 and 202, and 404 at first.
func deploymentStatus(q *request) *answer {
	i := strings.LastIndex(strings.ToLower(q.path.id), "/deploymentstatus")
	r := q.cloud.find(q.path.id[:max(i, 0)])
	if r == nil {
		return q.missing()
	}
	s, _ := r.state.(*site)
	for _, d := range s.deployments {
		if d.id != q.path.name() {
			continue
		}
		if d.unseen > 0 {
			d.unseen--
			break
		}
		return d.report(q)
	}
	return notFound("NotFound", "Deployment '%s' was not found.", q.path.name()).answer()
}

func (d *deployment) report(q *request) *answer {
	status, counts := http.StatusOK, map[string]int{}
	var failedLogs, errorList any
	switch d.state {
	case "RuntimeSuccessful":
		counts["Successful"] = 1
	case "RuntimeFailed", "BuildFailed":
		counts["Failed"] = 1
		if len(d.log) > 0 {
			failedLogs = []any{"https://" + managementHost + q.path.id + "/log"}
			errorList = []any{map[string]any{"extendedCode": "0", "message": strings.Join(d.log, "\n"), "messageTemplate": nil, "parameters": nil}}
		}
	default:
		status, counts["InProgress"] = http.StatusAccepted, 1
	}
	return &answer{status: status, body: map[string]any{
		"id": q.path.id, "name": d.id, "type": "Microsoft.Web/sites/deploymentStatus",
		"properties": map[string]any{
			"deploymentId": d.id, "status": d.state,
			"numberOfInstancesInProgress": counts["InProgress"], "numberOfInstancesSuccessful": counts["Successful"], "numberOfInstancesFailed": counts["Failed"],
			"failedInstancesLogs": failedLogs, "errors": errorList,
		},
	}}
}
