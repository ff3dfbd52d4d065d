package azure_test

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aloft-dev/aloft/internal/azure"
)

func TestVerdictOnARevision(t *testing.T) {
	tests := []struct{ provisioning, running, want string }{
		{"", "", "unknown"},
		{"Provisioning", "Processing", "unknown"},
		{"Provisioning", "Failed", "failed"},
		{"Provisioned", "Running", "running"},
		{"Provisioned", "RunningAtMaxScale", "running"},
		{"Provisioned", "ScaledToZero", "ready"},
		{"Provisioned", "Activating", "ready"},
		{"Provisioned", "ActivationFailed", "failed"},
		{"Provisioned", "Degraded", "ready"},
		{"Provisioned", "a word of next year", "ready"},
		{"Failed", "Running", "failed"},
		{"Deprovisioned", "Stopped", "unknown"},
	}
	for _, test := range tests {
		if got := azure.RevisionVerdict(test.provisioning, test.running); got != test.want {
			t.Errorf("%s, %s: %s, want %s", test.provisioning, test.running, got, test.want)
		}
	}
}

func TestVerdictOnADeployment(t *testing.T) {
	for status, want := range map[string][2]bool{
		"BuildRequestReceived": {}, "BuildPending": {}, "BuildInProgress": {}, "BuildSuccessful": {}, "PostBuildRestartRequired": {},
		"StartPolling": {}, "StartPollingWithRestart": {}, "RuntimeStarting": {}, "": {}, "a word of next year": {},
		"RuntimeSuccessful": {true, false},
		"BuildFailed":       {true, true}, "BuildAborted": {true, true}, "RuntimeFailed": {true, true}, "TimedOut": {true, true},
	} {
		if done, failed := azure.DeploymentVerdict(status); done != want[0] || failed != want[1] {
			t.Errorf("%s: done %t, failed %t", status, done, failed)
		}
	}
	for status, ended := range map[int]bool{-1: true, 0: false, 1: false, 2: false, 3: true, 4: true, 5: true, 6: true} {
		if got := azure.DeploymentEnded(status, false); got != ended {
			t.Errorf("status %d: ended %t", status, got)
		}
	}
}

func TestAPullThatMayStillBeAllowedIsKnownByItsWords(t *testing.T) {
	for text, want := range map[string]bool{
		"Field 'template.containers.app.image' is invalid with details: 'UNAUTHORIZED: authentication required'": true,
		"Failed to pull image: 401 Unauthorized":            true,
		"Container 'app' was terminated with exit code '1'": false,
		"manifest for web@sha256:abc not found":             false,
		"web answers GET / with status 503":                 false,
	} {
		if got := azure.IsPullError(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

// suffixRule is what Azure takes, as far as it is known.
var suffixRule = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func TestTheNameOfARevisionIsUniqueAndTellsItsRun(t *testing.T) {
	now := time.Date(2026, time.November, 30, 9, 0, 0, 0, time.UTC)
	tests := []struct {
		run    int64
		commit string
		want   int64
		short  string
	}{
		{12, "0123456789abcdef0123456789abcdef01234567", 12, "0123456789ab"},
		{0, "", 0, "0"},
		{-1, "ABCDEF", 0, "abcdef"},
		{17_123_456_789, "abc", 3_456_789, "abc"},
	}
	for _, test := range tests {
		suffix := azure.Suffix(test.run, test.commit, now)
		if !suffixRule.MatchString(suffix) || len(suffix) > 30 {
			t.Errorf("%q (%d characters)", suffix, len(suffix))
		}
		if run, commit := azure.ParseSuffix("ca-shop-alice-web--" + suffix); run != test.want || commit != test.short {
			t.Errorf("%q: run %d, commit %q", suffix, run, commit)
		}
		if suffix == azure.Suffix(test.run, test.commit, now.Add(time.Second)) {
			t.Error("a second later it is the same")
		}
	}
	for _, name := range []string{"ca-web--abc1234", "ca-web", "", "ca-web--r12"} {
		if run, commit := azure.ParseSuffix(name); run != 0 || commit != "" {
			t.Errorf("%q tells run %d, commit %q", name, run, commit)
		}
	}
}

func FuzzParseSuffix(f *testing.F) {
	f.Add("ca-web--r12-0123456789ab-tpb502")
	f.Add("ca-web--abc1234")
	f.Fuzz(func(t *testing.T, name string) {
		run, commit := azure.ParseSuffix(name)
		if run < 0 || len(commit) > 12 || (commit == "" && run != 0) {
			t.Errorf("run %d, commit %q", run, commit)
		}
	})
}

func FuzzParseMark(f *testing.F) {
	f.Add("aloft artifact=sha256:abc commit=0123 run=12")
	f.Add("Created via a push deployment")
	f.Fuzz(func(t *testing.T, text string) {
		m, ok := azure.ParseMark(text)
		if !ok {
			return
		}
		again, ok := azure.ParseMark(azure.MarkText(m.Artifact, m.Revision, m.RunID))
		if !ok || again != m {
			t.Errorf("%q is %v, and read again %v", text, m, again)
		}
	})
}

func FuzzParseError(f *testing.F) {
	for _, body := range []string{
		`{"error":{"code":"A","message":"b","details":[{"message":"c"}]}}`, `{"Code":"A","Message":"b"}`, `{"error":"text"}`,
		`<html><body>503</body></html>`, `There is a deployment currently in progress.`, `[]`, `{"error":[1]}`, "\xff\x00",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		code, message := azure.ParseError(body)
		if strings.ContainsAny(message, "\r\n") || utf8.RuneCountInString(message) > 700 || !utf8.ValidString(code+message) {
			t.Errorf("code %q, message %q", code, message)
		}
	})
}

func TestOnlyAReferenceByDigestTellsAVersion(t *testing.T) {
	for reference, want := range map[string]string{
		"x.azurecr.io/web@sha256:abc": "sha256:abc", "x.azurecr.io/web:latest": "", "": "", "x@md5:1": "",
	} {
		if got := azure.DigestOf(reference); got != want {
			t.Errorf("%s: %q", reference, got)
		}
	}
}
