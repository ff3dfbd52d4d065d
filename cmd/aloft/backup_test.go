package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// firstSchema makes records what the first version of their schema kept.
var firstSchema = []string{
	`ALTER TABLE databases DROP COLUMN cluster`,
	`ALTER TABLE environments DROP COLUMN disagreement`,
	`ALTER TABLE projects DROP COLUMN repository`,
	`ALTER TABLE databases DROP COLUMN creation`,
	`ALTER TABLE slots DROP COLUMN creation`,
	`ALTER TABLE local_groups DROP COLUMN creation`,
	`DROP TABLE states_aside`,
	`DELETE FROM settings WHERE name = 'identity'`,
	`DELETE FROM aloft_migrations WHERE version_id > 1`,
}

// commandOlderBackup: olderbackup FROM TO writes a backup as a server of the first
// schema would have: its records know less, and nothing in it has an identity.
func commandOlderBackup(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: olderbackup FROM TO")
	}
	from, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer func() { _ = from.Close() }()
	plain, err := gzip.NewReader(from)
	ts.Check(err)
	var text bytes.Buffer
	compressor := gzip.NewWriter(&text)
	archive := tar.NewWriter(compressor)
	var digest string
	reader := tar.NewReader(plain)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		ts.Check(err)
		content, err := io.ReadAll(reader)
		ts.Check(err)
		switch {
		case identifies(header.Name):
			continue
		case header.Name == "records":
			content = olderRecords(ts, content)
			sum := sha256.Sum256(content)
			digest = hex.EncodeToString(sum[:])
		case header.Name == "contents.json":
			content = olderContents(ts, content, digest)
		}
		header.Size = int64(len(content))
		ts.Check(archive.WriteHeader(header))
		_, err = archive.Write(content)
		ts.Check(err)
	}
	ts.Check(errors.Join(archive.Close(), compressor.Close()))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text.Bytes(), 0o600))
}

func identifies(name string) bool {
	return name == "data/identity" || path.Base(name) == "aloft-identity"
}

// olderRecords takes from records in SQLite what came after the first schema.
func olderRecords(ts *testscript.TestScript, content []byte) []byte {
	file := filepath.Join(ts.Getenv("WORK"), "older.db")
	ts.Check(os.WriteFile(file, content, 0o600))
	db, err := sql.Open("sqlite", file)
	ts.Check(err)
	for _, statement := range firstSchema {
		_, err := db.ExecContext(context.Background(), statement)
		ts.Check(err)
	}
	ts.Check(db.Close())
	content, err = os.ReadFile(file)
	ts.Check(err)
	return content
}

// olderContents is the list of contents that goes with that.
func olderContents(ts *testscript.TestScript, content []byte, digest string) []byte {
	var list struct {
		Entries []map[string]any `json:"entries"`
	}
	ts.Check(json.Unmarshal(content, &list))
	var kept []map[string]any
	for _, entry := range list.Entries {
		name, _ := entry["name"].(string)
		if name == "records" {
			entry["sha256"] = digest
		}
		if !identifies(name) {
			kept = append(kept, entry)
		}
	}
	list.Entries = kept
	content, err := json.Marshal(list)
	ts.Check(err)
	return content
}
