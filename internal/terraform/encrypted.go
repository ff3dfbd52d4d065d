package terraform

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the protocol's checksum, not a defence
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/aloft-dev/aloft"
)

// envelope is what can be read of a state, also of one that OpenTofu has encrypted.
type envelope struct {
	Serial    uint64 `json:"serial"`
	Lineage   string `json:"lineage"`
	Encrypted string `json:"encrypted_data"`
}

func readEnvelope(text []byte) envelope {
	var v envelope
	_ = json.Unmarshal(text, &v) // what is no state has none of it
	return v
}

func (v envelope) encrypted() bool { return v.Encrypted != "" }

// pushEncrypted stores a state that only its engine can read as it is: `state
// push` takes plain ones only. It reports false when the backend has one that it
// does not follow from.
func (e *Engine) pushEncrypted(ctx context.Context, c aloft.Configuration, left envelope, text []byte) (stored bool, err error) {
	if c.Backend.Type != backendHTTP {
		kept := filepath.Join(dataDir(c), fmt.Sprintf("unsaved-%d.tfstate", left.Serial))
		logLine(c.Log, fmt.Sprintf("the encrypted state that was left cannot be put into the backend %s: it is kept as %s", c.Backend.Type, kept))
		return false, os.WriteFile(kept, text, 0o600)
	}
	b := stateBackend{c.Backend, c.Key}
	lock := aloft.Lock{ID: rand.Text(), Operation: "recover", Who: "aloft", Created: time.Now().UTC()}
	if err := b.lock(ctx, lock); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, b.unlock(context.WithoutCancel(ctx), lock)) }()
	newest, err := b.read(ctx)
	if err != nil {
		return false, err
	}
	if bytes.Equal(newest, text) {
		return true, nil
	}
	if there := readEnvelope(newest); len(newest) > 0 && (there.Lineage != left.Lineage || there.Serial >= left.Serial) {
		return false, nil
	}
	return b.write(ctx, lock, text)
}

// stateBackend is a backend in the terms of Terraform's HTTP protocol.
type stateBackend struct {
	aloft.Backend
	key aloft.EnvironmentKey
}

func (b stateBackend) lock(ctx context.Context, lock aloft.Lock) error {
	status, answer, err := b.ask(ctx, "LOCK", "", lock)
	if err != nil || status == http.StatusOK {
		return err
	}
	var holder aloft.Lock
	if json.Unmarshal(answer, &holder) == nil && holder.ID != "" {
		return holder.Held(b.key)
	}
	return b.failed("lock", status)
}

func (b stateBackend) unlock(ctx context.Context, lock aloft.Lock) error {
	status, _, err := b.ask(ctx, "UNLOCK", "", lock)
	if err == nil && status != http.StatusOK {
		err = b.failed("unlock", status)
	}
	return err
}

// read returns the newest state; empty = there is none.
func (b stateBackend) read(ctx context.Context) ([]byte, error) {
	status, answer, err := b.ask(ctx, http.MethodGet, "", nil)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusNotFound, status == http.StatusNoContent:
		return nil, nil
	case status != http.StatusOK:
		return nil, b.failed("read", status)
	}
	return answer, nil
}

// write reports false when the backend says that something else is newer.
func (b stateBackend) write(ctx context.Context, lock aloft.Lock, text []byte) (bool, error) {
	status, _, err := b.send(ctx, http.MethodPost, "?ID="+url.QueryEscape(lock.ID), text)
	switch {
	case err != nil:
		return false, err
	case status == http.StatusConflict:
		return false, nil
	case status >= http.StatusMultipleChoices:
		return false, b.failed("store", status)
	}
	return true, nil
}

func (b stateBackend) failed(doing string, status int) error {
	said := fmt.Sprintf("HTTP error: %d", status)
	err := aloft.Errorf(aloft.CodeFailed, "cannot %s the state of %s: %s", doing, b.key, said)
	if hint := stateHint(b.key, said); hint != "" {
		return err.WithHint("%s", hint)
	}
	return err
}

func (b stateBackend) ask(ctx context.Context, method, query string, body any) (int, []byte, error) {
	if body == nil {
		return b.send(ctx, method, query, nil)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	return b.send(ctx, method, query, text)
}

func (b stateBackend) send(ctx context.Context, method, query string, body []byte) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, b.Address+query, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.SetBasicAuth(b.Username, b.Password)
	sum := md5.Sum(body) //nolint:gosec // see the import
	request.Header.Set("Content-MD5", base64.StdEncoding.EncodeToString(sum[:]))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, aloft.Errorf(aloft.CodeUnavailable, "cannot reach the state of %s: %w", b.key, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}
