package azure

import (
	"time"

	"github.com/aloft-dev/aloft"
)

// What the rules in this room say, for tables of tests and fuzz tests.
var (
	ParseMark   = parseMark
	ParseSuffix = parseSuffix
	ParseError  = parseError
	DigestOf    = digestOf
)

func MarkText(artifact, revision string, run int64) string {
	return mark{Artifact: artifact, Revision: revision, RunID: run}.String()
}

func Suffix(run int64, revision string, now time.Time) string {
	return suffixOf(Request{RunID: run, Revision: revision}, now)
}

// RevisionVerdict is "unknown", "ready", "running" or "failed".
func RevisionVerdict(provisioning, running string) string {
	var r revision
	r.Properties.Provisioning, r.Properties.Running = provisioning, running
	return []string{"unknown", "ready", "running", "failed"}[r.verdict()]
}

func DeploymentVerdict(status string) (done, failed bool) {
	var d deploymentStatus
	d.Properties.Status = status
	return d.verdict()
}

func DeploymentEnded(status int, complete bool) bool {
	return deployment{Status: status, Complete: complete}.ended()
}

func IsPullError(text string) bool {
	return isPullError(aloft.Errorf(aloft.CodeFailed, "%s", text))
}
