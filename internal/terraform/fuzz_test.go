package terraform_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/terraform"
)

func FuzzReadStream(f *testing.F) {
	f.Add([]byte(`{"@level":"info","@message":"x","@timestamp":"2026-11-24T02:11:55.561652Z","type":"version"}`+"\n"), 7)
	f.Add([]byte(`{"type":"planned_change","change":{"resource":{"addr":"a.b","resource_type":"a"},"action":"create"}}`+"\n"), 1)
	f.Add([]byte(`{"type":"apply_complete","@timestamp":"2026-11-24T02:11:55Z","hook":{"resource":{"addr":"a.b"},"action":"delete","elapsed_seconds":7}}`), 100)
	f.Add([]byte(`{"type":"diagnostic","diagnostic":{"severity":"error","summary":"s","range":{"filename":"main.tf","start":{"line":1}}}}`+"\r\n"), 3)
	f.Add([]byte(`{"type":"change_summary","changes":{"operation":"apply"}}`+"\n"+`{"type":"outputs","outputs":{"apps":{"type":"x","value":{"web":{"hosting":"local"}}}}}`), 50)
	f.Add([]byte("panic: not JSON\n\n{}"), 2)
	f.Fuzz(func(t *testing.T, text []byte, n int) {
		var log bytes.Buffer
		plan, outputs, count, err := terraform.ReadStream(text, max(n, 1), &log)
		whole, _, countWhole, errWhole := terraform.ReadStream(text, len(text)+1, nil)
		if plan.Digest != whole.Digest || count != countWhole || (err == nil) != (errWhole == nil) {
			t.Errorf("reading in pieces of %d gives another result", n)
		}
		for name, app := range outputs.Apps {
			if aloft.ValidateAppName(name) != nil && len(app.More) > 0 {
				t.Errorf("the app %q has no valid name", name)
			}
		}
	})
}

func FuzzParsePlan(f *testing.F) {
	f.Add([]byte(`{"format_version":"1.2","resource_changes":[{"address":"a.b","mode":"managed","type":"a","change":{"actions":["delete","create"],"before":{"x":[1,{"y":"z"}]},"after":{"x":null},"after_unknown":{"x":[true]},"after_sensitive":{"x":true},"replace_paths":[["x",0,"y"]]}}]}`))
	f.Add([]byte(`{"format_version":"1.0","variables":{"p":{"value":"secret"}},"configuration":{"root_module":{"variables":{"p":{"sensitive":true}}}},"resource_drift":[null,{"change":null}]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		plan, err := terraform.ParsePlan(data)
		if err != nil {
			return
		}
		again, err := terraform.ParsePlan(data)
		if err != nil || again.Digest != plan.Digest {
			t.Errorf("the digests are %s and %s: %v", plan.Digest, again.Digest, err)
		}
		var text strings.Builder
		terraform.WritePlan(&text, plan)
		if !strings.HasSuffix(text.String(), " to destroy.\n") {
			t.Errorf("the summary is %q", text.String())
		}
	})
}

func FuzzInspect(f *testing.F) {
	f.Add("main.tf", shop)
	f.Add("main.tf", planned)
	f.Add("main.tf", withModule)
	f.Add("main.tf.json", `{"terraform":[{"backend":{"s3":{}}}],"module":{"a":{"source":"./x"}}}`)
	f.Fuzz(func(t *testing.T, name, text string) {
		if name != filepath.Base(name) || strings.ContainsRune(name, 0) || len(name) > 100 {
			t.Skip("not the name of a file")
		}
		dir := t.TempDir()
		if os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) != nil {
			t.Skip("not the name of a file")
		}
		_, err := terraform.Inspect(dir, "")
		if code := aloft.ErrorCode(err); err != nil && code != aloft.CodeInvalid && code != aloft.CodeNotFound {
			t.Errorf("the error is %s: %v", code, err)
		}
	})
}

// FuzzSecrets checks that a sensitive value is not shown, wherever a plan, an
// output or a diagnostic has it.
func FuzzSecrets(f *testing.F) {
	for _, secret := range []string{"s3cr3t-value", "line one\nline two", `quote"back\slash`, "${interpolated}", "<b>&amp;</b>", "\u2028sep", "ünïcode-ß"} {
		f.Add(secret)
	}
	f.Fuzz(func(t *testing.T, secret string) {
		if len(secret) < 8 || !utf8.ValidString(secret) || strings.Trim(secret, " \t\n.") != secret || strings.HasPrefix(secret, "(") {
			t.Skip("not a secret")
		}
		quoted, err := json.Marshal(secret)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := terraform.ParsePlan([]byte(`{"format_version":"1.2","resource_changes":[{"address":"a.b","mode":"managed","type":"a","change":{"actions":["update"],` +
			`"before":{"x":` + string(quoted) + `,"y":{"z":[` + string(quoted) + `]}},"after":{"x":"new","y":{"z":[]}},` +
			`"before_sensitive":{"x":true,"y":{"z":[true]}},"after_sensitive":{"x":true},"after_unknown":{}}}]}`))
		if err != nil {
			t.Fatal(err)
		}
		var shown, log bytes.Buffer
		terraform.WritePlan(&shown, plan)
		kept, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		terraform.ReadStream([]byte(`{"type":"outputs","outputs":{"password":{"sensitive":true,"type":"string","value":`+string(quoted)+`}}}`+"\n"), 7, &log)
		secrets := aloft.Configuration{Backend: aloft.Backend{Password: secret}}
		for _, before := range []int{0, 1490, 1493, 1499} {
			failure := terraform.Failure(secrets, "no: "+secret, strings.Repeat(".", before)+secret).Error()
			if strings.Contains(failure, secret) || strings.Contains(failure, "."+secret[:6]) {
				t.Errorf("%q is shown: %s", secret, failure)
			}
		}
		without := strings.NewReplacer("a.b", "", "(sensitive)", "").Replace(shown.String() + log.String())
		var again aloft.Plan
		if err := json.Unmarshal(kept, &again); err != nil {
			t.Fatal(err)
		}
		var keptShown bytes.Buffer
		terraform.WritePlan(&keptShown, again)
		if strings.Contains(without, secret) || strings.Contains(string(kept), strings.Trim(string(quoted), `"`)) || strings.Contains(keptShown.String(), secret) {
			t.Errorf("%q is shown:\n%s\n%s\n%s", secret, shown.String(), kept, log.String())
		}
	})
}
