package azure

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

// revision is one of a container app.
type revision struct {
	Name       string `json:"name"`
	Properties struct {
		Active       bool           `json:"active"`
		Created      time.Time      `json:"createdTime"`
		Host         string         `json:"fqdn"`
		Provisioning string         `json:"provisioningState"`
		Running      string         `json:"runningState"`
		Health       string         `json:"healthState"`
		Error        string         `json:"provisioningError"`
		Template     map[string]any `json:"template"`
	} `json:"properties"`
}

type revisions []revision

func (a *containerApp) revisions(ctx context.Context) (revisions, error) {
	var list struct {
		Value revisions `json:"value"`
	}
	_, err := a.client.send(ctx, a.at("/revisions", "list the revisions of "+a.App.Name), &list)
	slices.SortStableFunc(list.Value, func(x, y revision) int { return y.Properties.Created.Compare(x.Properties.Created) })
	return list.Value, err
}

func (list revisions) named(name string) (revision, bool) {
	i := slices.IndexFunc(list, func(r revision) bool { return r.Name == name && name != "" })
	if i < 0 {
		return revision{}, false
	}
	return list[i], true
}

// image is the reference of the first container's image.
func (r revision) image() string {
	containers, _ := r.Properties.Template["containers"].([]any)
	if len(containers) == 0 {
		return ""
	}
	first, _ := containers[0].(map[string]any)
	image, _ := first["image"].(string)
	return image
}

// verdict is what can be said of a revision from what Azure shows.
type verdict int

const (
	verdictUnknown verdict = iota // not there yet, or a word that is not known: it goes on
	verdictReady                  // its containers are in place, so that it can be asked
	verdictRunning                // and run
	verdictFailed
)

// verdict judges a revision. The words are those of the API and of its
// documentation, which has more of them; scaled to zero is ready too, since asking
// wakes it.
func (r revision) verdict() verdict {
	running := strings.ToLower(r.Properties.Running)
	switch {
	case strings.EqualFold(r.Properties.Provisioning, "Failed"), running == "failed", running == "activationfailed":
		return verdictFailed
	case !strings.EqualFold(r.Properties.Provisioning, "Provisioned"):
		return verdictUnknown
	case running == "running", running == "runningatmaxscale":
		return verdictRunning
	}
	return verdictReady
}

// sameTemplate compares two templates but for the image and the name.
func sameTemplate(x, y map[string]any) bool {
	return withoutImage(x) == withoutImage(y) && len(x) > 0
}

func withoutImage(template map[string]any) string {
	template = maps.Clone(template)
	delete(template, "revisionSuffix")
	if containers, _ := template["containers"].([]any); len(containers) > 0 {
		first, _ := containers[0].(map[string]any)
		first = maps.Clone(first)
		for _, name := range []string{"image", "command", "args"} {
			delete(first, name)
		}
		containers = slices.Clone(containers)
		containers[0] = first
		template["containers"] = containers
	}
	data, _ := json.Marshal(template) // of JSON
	return string(data)
}

// suffixOf is the end of a new revision's name: run, commit and time, since it
// must be unique for the life of the app: using one again can do nothing,
// silently. It begins with a letter, and with the longest name of an app (32)
// and the two hyphens between it has at most 64 characters (not proven).
func suffixOf(r Request, now time.Time) string {
	run := strconv.FormatInt(max(0, r.RunID), 10)
	commit := strings.ToLower(cmp.Or(notHex.ReplaceAllString(r.Revision, ""), "0"))
	return fmt.Sprintf("r%s-%s-%s", run[max(0, len(run)-7):], commit[:min(12, len(commit))], strconv.FormatInt(now.Unix(), 36))
}

var (
	notHex     = regexp.MustCompile(`[^0-9a-fA-F]`)
	suffixRule = regexp.MustCompile(`--r(\d{1,7})-([0-9a-f]{1,12})-[0-9a-z]+$`)
)

// parseSuffix reads what suffixOf has written into the name of a revision; one
// of Terraform's tells nothing.
func parseSuffix(name string) (run int64, commit string) {
	found := suffixRule.FindStringSubmatch(name)
	if found == nil {
		return 0, ""
	}
	run, _ = strconv.ParseInt(found[1], 10, 64)
	return run, found[2]
}

// shortName is the name of a revision without that of its app, for people.
func shortName(name string) string {
	_, suffix, found := strings.Cut(name, "--")
	if !found {
		return name
	}
	return suffix
}

// isPullError reports whether a revision failed since its image could not be
// pulled: a role that was just given counts after minutes.
func isPullError(err error) bool {
	if err == nil || aloft.ErrorCode(err) == aloft.CodeCanceled || hasStatus(err, http.StatusUnauthorized, http.StatusForbidden) {
		return false // the login's own right is another matter
	}
	text := strings.ToLower(err.Error())
	for _, sign := range []string{"unauthorized", "imagepull", "failed to pull", "unable to pull", "denied: requested access", "authentication required"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}
