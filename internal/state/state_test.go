package state_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	aloft "github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/state"
)

const password = "correct-horse"

// runs are the users that stand for a run; every other one is a person.
var runs = map[string]int64{"run-42": 42, "run-43": 43}

var shop = aloft.EnvironmentKey{Project: "shop", Environment: "alice"}

// backend is the handler over a memory, behind a real HTTP server.
type backend struct {
	*memory
	*httptest.Server
	history *state.History
	handler http.Handler
	told    chan string // what Tell heard, "42: …"
}

// newBackend starts a backend.
func newBackend(t testing.TB) *backend {
	t.Helper()
	b := newHandler(t)
	b.Server = httptest.NewServer(b.handler)
	t.Cleanup(b.Server.Close)
	return b
}

// newHandler makes a backend without its server.
func newHandler(t testing.TB) *backend {
	t.Helper()
	sealer, err := aloft.NewSealer(bytes.Repeat([]byte{7}, aloft.SealKeySize))
	if err != nil {
		t.Fatal(err)
	}
	b := &backend{memory: newMemory(), told: make(chan string, 1000)}
	b.history = state.NewHistory(b.memory, sealer)
	b.handler = state.Handler(state.Options{
		Store: b.memory, Sealer: sealer, MaxBytes: 8 << 20, TooLarge: "raise the limit",
		Tell: func(_ aloft.EnvironmentKey, runID int64, text string) { b.told <- fmt.Sprintf("%d: %s", runID, text) },
		Authorize: func(r *http.Request, key aloft.EnvironmentKey) (int64, error) {
			if user, pass, ok := r.BasicAuth(); ok && pass == password {
				return runs[user], nil
			}
			return 0, aloft.Errorf(aloft.CodeForbidden, "a token is needed for %s", key)
		},
	})
	return b
}

func (b *backend) url() string { return b.Server.URL + "/state/shop/alice" }

// do sends a person's request and returns the answer's status and body.
func (b *backend) do(t testing.TB, method, query, body string, header ...string) (int, string) {
	t.Helper()
	return b.doAs(t, "", method, query, body, header...)
}

// doAs sends a user's request.
func (b *backend) doAs(t testing.TB, user, method, query, body string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.url()+query, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("aloft", password)
	if user != "" {
		req.SetBasicAuth(user, password)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := b.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// document is a state with a number of resources, in Terraform's own layout.
func document(serial, resources int) string {
	instances := strings.TrimSuffix(strings.Repeat("{},", resources), ",")
	return fmt.Sprintf("{\n  \"version\": 4,\n  \"serial\": %d ,\n  \"lineage\": \"l\",\n  \"outputs\": {\"serial\": 99999999999999999999},\n"+
		"  \"resources\": [{\"mode\": \"managed\", \"instances\": [%s]}, {\"mode\": \"data\", \"instances\": [{}]}]\n}\n", serial, instances)
}

// encrypted is a state that OpenTofu has encrypted.
func encrypted(serial int) string {
	return fmt.Sprintf(`{"serial":%d,"lineage":"l","meta":{},"encrypted_data":"eA==","encryption_version":"v0"}`, serial)
}

const lockA, lockB = `{"ID":"a","Operation":"OperationTypeApply","Who":"alice@laptop","Created":"2026-01-02T03:04:05Z"}`, `{"ID":"b"}`

func TestProtocol(t *testing.T) {
	t.Parallel()
	sum := func(text string) string {
		s := md5.Sum([]byte(text))
		return base64.StdEncoding.EncodeToString(s[:])
	}
	type step struct {
		method, query, body string
		status              int
		shown               string
		header              []string
		user                string // "" = a person
	}
	for rule, steps := range map[string][]step{
		"no state is not found":          {{method: "GET", status: 404}},
		"a state that is put can be got": {{method: "POST", body: document(1, 2), status: 200}, {method: "GET", status: 200, shown: document(1, 2)}},
		"the checksum is compared": {
			{method: "POST", body: document(1, 0), status: 400, shown: "changed on its way", header: []string{"Content-MD5", sum("x")}},
			{method: "POST", body: document(1, 0), status: 200, header: []string{"Content-MD5", sum(document(1, 0))}},
		},
		"a deleted state is gone": {
			{method: "POST", body: document(1, 0), status: 200}, {method: "DELETE", status: 200}, {method: "GET", status: 404}, {method: "DELETE", status: 200},
		},
		"a held lock is told, and only its holder writes": {
			{method: "LOCK", body: lockA, status: 200},
			{method: "LOCK", body: lockB, status: 423, shown: `"ID":"a"`},
			{method: "LOCK", body: lockA, status: 200},
			{method: "POST", query: "?ID=b", body: document(1, 0), status: 409, shown: "locked by alice@laptop since 2026-01-02 03:04:05 UTC"},
			{method: "POST", body: document(1, 0), status: 409, shown: "force-unlock a"},
			{method: "GET", status: 404},
			{method: "POST", query: "?ID=a", body: document(1, 0), status: 200},
			{method: "POST", query: "?ID=b", body: document(1, 0), status: 409},
			{method: "DELETE", status: 409},
			{method: "UNLOCK", body: lockB, status: 409, shown: "locked by alice@laptop"},
			{method: "UNLOCK", body: lockA, status: 200},
			{method: "UNLOCK", body: lockA, status: 200},
			{method: "POST", body: document(2, 0), status: 200},
		},
		"unlocking without a body releases a person's lock, and tells whose": {
			{method: "LOCK", body: lockA, status: 200}, {method: "UNLOCK", status: 200, shown: "locked by alice@laptop"}, {method: "LOCK", body: lockB, status: 200},
		},
		"the lock of a running run is opened by nobody else": {
			{method: "LOCK", body: lockA, user: "run-42", status: 200},
			{method: "UNLOCK", status: 409, shown: "aloft run cancel 42"},
			{method: "UNLOCK", body: `{"ID":"a"}`, status: 409, shown: "run 42"},
			{method: "UNLOCK", body: lockA, user: "run-43", status: 409},
			{method: "UNLOCK", body: lockA, user: "run-42", status: 200},
		},
		"the lock of a run that has ended is opened": {
			{method: "LOCK", body: lockA, user: "run-43", status: 200}, {method: "UNLOCK", status: 200, shown: "run 43"},
		},
		"a run does not open a person's lock": {
			{method: "LOCK", body: lockA, status: 200}, {method: "UNLOCK", user: "run-42", status: 409},
		},
		"a run does not delete its state": {
			{method: "POST", body: document(1, 0), user: "run-42", status: 200}, {method: "DELETE", user: "run-42", status: 403}, {method: "GET", status: 200},
		},
		"a state with resources is not deleted": {
			{method: "POST", body: document(1, 1), status: 200}, {method: "DELETE", status: 409, shown: "1 resources"}, {method: "GET", status: 200},
			{method: "POST", body: encrypted(2), status: 200}, {method: "DELETE", status: 409, shown: "encrypted"},
		},
		"a lock that was opened writes no more": {
			{method: "LOCK", body: lockA, status: 200}, {method: "POST", query: "?ID=a", body: document(1, 1), status: 200},
			{method: "UNLOCK", status: 200}, {method: "POST", query: "?ID=a", body: document(2, 1), status: 409, shown: "not held any more"},
			{method: "LOCK", body: lockB, status: 200}, {method: "POST", query: "?ID=b", body: document(2, 2), status: 200},
			{method: "POST", query: "?ID=a", body: document(2, 1), status: 409, shown: "locked by"}, {method: "GET", status: 200, shown: document(2, 2)},
		},
		"an encrypted state is compared by what is readable": {
			{method: "POST", body: encrypted(2), status: 200}, {method: "POST", body: encrypted(2), status: 200},
			{method: "POST", body: encrypted(1), status: 409, shown: "not newer"}, {method: "POST", body: document(3, 0), status: 200},
		},
		"a lock needs an ID":                 {{method: "LOCK", body: `{}`, status: 400}, {method: "LOCK", status: 400}, {method: "LOCK", body: "x", status: 400}},
		"an endless lock is refused":         {{method: "LOCK", body: `{"ID":"` + strings.Repeat("a", 1<<17) + `"}`, status: 400}},
		"another method is not allowed":      {{method: "PATCH", status: 405}},
		"a lower serial is refused":          {{method: "POST", body: document(9, 0), status: 200}, {method: "POST", body: document(3, 0), status: 409, shown: "not newer"}},
		"no JSON is refused":                 {{method: "POST", body: "hello", status: 400, shown: "not a Terraform state"}},
		"nothing is refused":                 {{method: "POST", status: 400}},
		"another format is refused":          {{method: "POST", body: `{"version":3}`, status: 400, shown: "format version 4"}},
		"an engine nobody knows is refused":  {{method: "POST", body: `{"version":4,"terraform_version":"?"}`, status: 400}, {method: "POST", body: `{"version":4,"terraform_version":"1.12.0-beta1"}`, status: 200}},
		"an endless serial is refused":       {{method: "POST", body: `{"version":4,"serial":18446744073709551615}`, status: 400, shown: "serial"}},
		"a state above the limit is refused": {{method: "POST", body: strings.Repeat(" ", 9<<20), status: 413, shown: "larger than 8 MiB\nraise the limit"}},
		"without a version it is no state":   {{method: "POST", body: `{"serial":1,"lineage":"l","resources":[]}`, status: 400}, {method: "POST", body: `{"serial":1,"encrypted_data":null}`, status: 400}, {method: "POST", body: `{"serial":1,"encrypted_data":"eA=="}`, status: 400}},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			b := newBackend(t)
			b.runs(42, true)
			for i, step := range steps {
				status, text := b.doAs(t, step.user, step.method, step.query, step.body, step.header...)
				if status != step.status || !strings.Contains(text, step.shown) {
					t.Errorf("step %d, %s: %d %.300q, want %d %.100q", i+1, step.method, status, text, step.status, step.shown)
				}
			}
		})
	}
}

func TestWhatEnginesDoNotShowIsTold(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.runs(42, true)
	b.do(t, "LOCK", "", lockA)
	b.do(t, "POST", "?ID=a", document(4, 1))
	b.doAs(t, "run-43", "LOCK", "", `{"ID":"c"}`)
	b.doAs(t, "run-43", "LOCK", "", `{"ID":"c"}`)
	if told := <-b.told; !strings.HasPrefix(told, "43: no lock") {
		t.Error(told)
	}
	for _, test := range []struct{ method, query, body, told string }{
		{"LOCK", "", lockB, "42: no lock for run 42: the state of shop/alice is locked by alice@laptop since 2026-01-02"},
		{"POST", "?ID=b", document(5, 1), "42: the state is not taken: the state of shop/alice is locked by alice@laptop"},
		{"POST", "?ID=a", document(4, 2), "42: the state is not taken: the state of shop/alice is not newer than version 1"},
		{"POST", "?ID=a", strings.Repeat(" ", 9<<20), "42: the state is not taken: the state of shop/alice is larger than 8 MiB; raise the limit"},
		{"UNLOCK", "", "", "42: the lock is not opened for run 42"},
	} {
		b.doAs(t, "run-42", test.method, test.query, test.body)
		if told := <-b.told; !strings.HasPrefix(told, test.told) {
			t.Errorf("%s: told %q, want %q", test.method, told, test.told)
		}
	}
	b.do(t, "UNLOCK", "", "")
	if told := <-b.told; !strings.Contains(told, "opened by force") || !strings.Contains(told, "alice@laptop") {
		t.Error(told)
	}
}

func TestARefusedStateIsRestored(t *testing.T) {
	t.Parallel()
	b, ctx := newBackend(t), t.Context()
	b.do(t, "POST", "", document(4, 1))
	b.do(t, "POST", "?ID=opened", document(5, 2))
	aside, err := b.history.Aside(ctx, shop)
	if err != nil || len(aside) != 1 || aside[0].Aside == "" {
		t.Fatal(aside, err)
	}
	restored, err := b.history.Restore(ctx, shop, aside[0].Version)
	if err != nil || restored.Serial != 6 || restored.Resources != 2 || restored.Aside != "" {
		t.Errorf("%+v %v", restored, err)
	}
}

func TestAnythingCanBeRestoredOver(t *testing.T) {
	t.Parallel()
	b, ctx := newBackend(t), t.Context()
	b.do(t, "POST", "", document(4, 1))
	other := aloft.StateVersion{EnvironmentKey: shop, Serial: 9, Lineage: "another", Resources: 7}
	if _, err := b.RestoreState(ctx, other, []byte("nobody can read this"), ""); err != nil {
		t.Fatal(err)
	}
	if restored, err := b.history.Restore(ctx, shop, 1); err != nil || restored.Serial != 10 || restored.Lineage != "l" {
		t.Errorf("%+v %v", restored, err)
	}
}

func TestDoor(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	for _, test := range []struct {
		rule, path, password string
		status               int
	}{
		{"a wrong password", "/state/shop/alice", "wrong", 401},
		{"a bad project name", "/state/Shop/alice", password, 400},
		{"a bad environment name", "/state/shop/al_ice", password, 400},
		{"a path out of it", "/state/shop/..%2f..%2fx", password, 400},
		{"another path", "/state/shop", password, 404},
	} {
		t.Run(test.rule, func(t *testing.T) {
			req, _ := http.NewRequestWithContext(t.Context(), "GET", b.Server.URL+test.path, nil)
			req.SetBasicAuth("aloft", test.password)
			resp, err := b.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != test.status || (test.status == 401) != (resp.Header.Get("WWW-Authenticate") != "") {
				t.Error(resp.Status, resp.Header)
			}
		})
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	b, ctx := newBackend(t), t.Context()
	for _, body := range []string{document(1, 3), document(1, 3), document(2, 1)} {
		if status, text := b.do(t, "POST", "", body); status != 200 {
			t.Fatal(text)
		}
	}
	versions, err := b.history.Versions(ctx, shop)
	if err != nil || len(versions) != 2 {
		t.Fatalf("%+v %v: sending the same again is no new version", versions, err)
	}
	want := aloft.StateVersion{EnvironmentKey: shop, Version: 1, Serial: 1, Lineage: "l", Resources: 3, SizeBytes: int64(len(document(1, 3)))}
	if versions[1] != want {
		t.Errorf("got %+v, want %+v", versions[1], want)
	}
	if plain, err := b.history.Read(ctx, shop, 1); err != nil || string(plain) != document(1, 3) {
		t.Error(string(plain), err)
	}
	if _, err := b.history.Read(ctx, shop, 9); aloft.ErrorCode(err) != aloft.CodeNotFound {
		t.Error(err)
	}
	t.Run("a restore is a new version with a higher serial and all else the same", func(t *testing.T) {
		restored, err := b.history.Restore(ctx, shop, 1)
		if err != nil || restored.Version != 3 || restored.Serial != 3 || restored.Resources != 3 {
			t.Fatalf("%+v %v", restored, err)
		}
		if _, text := b.do(t, "GET", "", ""); text != document(3, 3) {
			t.Error(text)
		}
		if _, err := b.StateLock(ctx, shop); err == nil {
			t.Error("the lock is left")
		}
	})
	t.Run("a restore of what is not kept", func(t *testing.T) {
		for version, code := range map[int64]aloft.Code{0: aloft.CodeInvalid, -1: aloft.CodeInvalid, 77: aloft.CodeNotFound} {
			if _, err := b.history.Restore(ctx, shop, version); aloft.ErrorCode(err) != code {
				t.Error(version, err)
			}
		}
	})
	t.Run("a restore waits for nobody", func(t *testing.T) {
		b.do(t, "LOCK", "", lockA)
		_, err := b.history.Restore(ctx, shop, 1)
		if aloft.ErrorCode(err) != aloft.CodeConflict || !strings.Contains(err.Error(), "alice@laptop") {
			t.Error(err)
		}
	})
	t.Run("another state's sealed version is not opened", func(t *testing.T) {
		other := aloft.EnvironmentKey{Project: "shop", Environment: "bob"}
		b.versions[other] = b.versions[shop]
		if _, err := b.history.Read(ctx, other, 0); err == nil {
			t.Error("opened")
		}
	})
}

func FuzzRequest(f *testing.F) {
	f.Add("POST", "?ID=a", document(1, 2))
	f.Add("LOCK", "", lockA)
	f.Add("UNLOCK", "", lockB)
	f.Add("DELETE", "?ID=%zz", "")
	f.Add("POST", "", `{"version":4,"serial":1,"serial":2}`)
	f.Add("POST", "", `{"version":4,"Serial":5,"lineage":{"a":1}}`)
	f.Fuzz(func(t *testing.T, method, query, body string) {
		b := newHandler(t)
		req := httptest.NewRequestWithContext(t.Context(), "GET", "/state/shop/alice", strings.NewReader(body))
		req.Method, req.URL.RawQuery = method, strings.TrimPrefix(query, "?")
		req.SetBasicAuth("aloft", password)
		recorder := httptest.NewRecorder()
		b.handler.ServeHTTP(recorder, req)
		if recorder.Code == http.StatusInternalServerError {
			t.Errorf("%s %q: %s", method, body, recorder.Body)
		}
		if method == "POST" && recorder.Code == http.StatusOK {
			read := httptest.NewRequestWithContext(t.Context(), "GET", "/state/shop/alice", nil)
			read.SetBasicAuth("aloft", password)
			answer := httptest.NewRecorder()
			if b.handler.ServeHTTP(answer, read); answer.Body.String() != body {
				t.Errorf("%q was put, %q is read", body, answer.Body)
			}
			restoreFuzzed(t, b, body)
		}
	})
}

// FuzzLockedState sends one request, whatever it is, to a state that somebody
// else has locked: only who knows the lock changes the state.
func FuzzLockedState(f *testing.F) {
	f.Add("POST", "/state/shop/alice", "ID=b", "Content-MD5", "x", document(9, 9))
	f.Add("DELETE", "/state/shop/alice", "ID=a&ID=b", "X-HTTP-Method-Override", "UNLOCK", "")
	f.Add("UNLOCK", "/state/shop/alice", "", "", "", `{"ID":"b"}`)
	f.Add("LOCK", "/state/shop/alice", "", "", "", `{"ID":"c","Who":"\u001b[2J"}`)
	f.Add("PUT", "/state/shop/%61lice", "", "", "", document(2, 2))
	f.Add("GET", "/state/../state/shop/alice", "", "", "", "")
	f.Add("POST", "/state/shop/ALICE", "", "", "", "{}")
	f.Fuzz(func(t *testing.T, method, path, query, header, value, body string) {
		target, err := url.ParseRequestURI(path)
		if err != nil {
			t.Skip("the HTTP server would not let it in")
		}
		b := newHandler(t)
		before := document(1, 1)
		send := func(method string, target *url.URL, body string, change func(*http.Request)) *httptest.ResponseRecorder {
			req := httptest.NewRequestWithContext(t.Context(), "GET", "/", strings.NewReader(body))
			req.Method, req.URL = method, target
			req.SetBasicAuth("aloft", password)
			change(req)
			answer := httptest.NewRecorder()
			b.handler.ServeHTTP(answer, req)
			return answer
		}
		own := func(query string) *url.URL { return &url.URL{Path: "/state/shop/alice", RawQuery: query} }
		same := func(*http.Request) {}
		send("POST", own(""), before, same)
		send("LOCK", own(""), `{"ID":"the-lock"}`, same)
		target.RawQuery = query
		answer := send(method, target, body, func(req *http.Request) {
			if header != "" {
				req.Header.Set(header, value)
			}
		})
		if answer.Code >= 500 {
			t.Errorf("%s %s: %d %s", method, target, answer.Code, answer.Body)
		}
		lock, err := b.StateLock(t.Context(), shop)
		if method != "UNLOCK" && !strings.Contains(query, "the-lock") {
			after := send("GET", own(""), "", same).Body.String()
			if after != before || err != nil || lock.ID != "the-lock" {
				t.Errorf("%s %s made of the locked state %q, lock %+v (%v)", method, target, after, lock, err)
			}
		}
		if method == "UNLOCK" && body != "" && answer.Code == http.StatusOK && err != nil && !unlocks(body, "the-lock") {
			t.Errorf("%q took the lock away", body)
		}
	})
}

// unlocks reports whether a body may release a lock: it names it, or none.
func unlocks(body, id string) bool {
	var lock aloft.Lock
	return json.Unmarshal([]byte(body), &lock) == nil && (lock.ID == id || lock.ID == "")
}

// restoreFuzzed checks that what was taken can be restored.
func restoreFuzzed(t *testing.T, b *backend, body string) {
	versions, err := b.history.Versions(t.Context(), shop)
	if err != nil || len(versions) == 0 {
		return
	}
	restored, err := b.history.Restore(t.Context(), shop, versions[0].Version)
	if err != nil {
		if code := aloft.ErrorCode(err); code != aloft.CodeConflict && code != aloft.CodeInvalid {
			t.Errorf("%q: %v", body, err)
		}
		return
	}
	plain, err := b.history.Read(t.Context(), shop, restored.Version)
	if err != nil || !json.Valid(plain) {
		t.Errorf("%q became %q (%v)", body, plain, err)
	}
}
