package git_test

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/internal/git"
)

// What git's own client would not send.

const features = "\x00report-status side-band-64k push-options"

// pack writes a pack of objects, each with the header of its kind and size.
func pack(objects ...[]byte) string {
	var b bytes.Buffer
	b.WriteString("PACK")
	binary.Write(&b, binary.BigEndian, []uint32{2, uint32(len(objects))})
	for _, object := range objects {
		b.Write(object)
	}
	sum := sha1.Sum(b.Bytes())
	return b.String() + string(sum[:])
}

const (
	packCommit, packTree, packBlob, packDelta = 1, 2, 3, 7
)

// object is an object of a pack; base is that of a delta, in hexadecimal.
func object(kind int, base, content string) []byte {
	var b bytes.Buffer
	size := len(content)
	first := byte(kind<<4 | size&15)
	for size >>= 4; size > 0; size >>= 7 {
		b.WriteByte(first | 0x80)
		first = byte(size & 0x7f)
	}
	b.WriteByte(first)
	b.WriteString(raw(base))
	w := zlib.NewWriter(&b)
	io.WriteString(w, content)
	w.Close()
	return b.Bytes()
}

// raw returns the bytes of an id.
func raw(id string) string {
	bytes, _ := hex.DecodeString(id)
	return string(bytes)
}

// idOf returns the id of an object.
func idOf(kind, content string) string {
	return fmt.Sprintf("%x", sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", kind, len(content), content)))
}

// expanding is a delta that copies 64 KiB of its base over and over.
func expanding(base, result int) string {
	var b bytes.Buffer
	for _, size := range []int{base, result} {
		b.Write(binary.AppendUvarint(nil, uint64(size)))
	}
	for range result / (64 << 10) {
		b.WriteByte(0x80) // offset 0, size 0, which means 64 KiB
	}
	return b.String()
}

// post sends the body of a push and returns the answer.
func (s *server) post(t *testing.T, project, body string) (status int, answer string) {
	t.Helper()
	if err := s.CreateRepository(t.Context(), project); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.Server.URL+"/"+project+".git/git-receive-pack", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = request("receive")
	req.SetBasicAuth("alice", password)
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, string(text)
}

func TestHostilePacks(t *testing.T) {
	t.Parallel()
	good := "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor a <a@b> 0 +0000\ncommitter a <a@b> 0 +0000\n\nx\n"
	commit := idOf("commit", good)
	update := packets(none+" "+commit+" refs/heads/env-a"+features, "", "")
	lacking := strings.Replace(good, "4b825dc", "4b825dd", 1)
	base := strings.Repeat("\x00", 64<<10)
	valid := pack(object(packCommit, "", good), object(packTree, "", ""))
	for _, test := range []struct {
		rule, body string
		shown      []string
	}{
		{"a pack that is cut off", update + valid[:len(valid)-25], []string{"ng refs/heads/env-a unpacker error"}},
		{"a pack with a wrong sum", update + valid[:len(valid)-1] + "x", []string{"pack is corrupted", "ng refs/heads/env-a unpacker error"}},
		{"a pack with noise inside", update + valid[:30] + "noise" + valid[35:], []string{"inflate", "ng refs/heads/env-a unpacker error"}},
		{"no pack at all", update, []string{"ng refs/heads/env-a unpacker error"}},
		{"a pack that says it has 4,000,000,000 objects", update + valid[:8] + "\xee\x6b\x28\x00" + valid[12:], []string{"ng refs/heads/env-a unpacker error"}},
		{"deltas of each other", update + pack(object(packDelta, commitA, "\x05\x05\x01x"), object(packDelta, strings.Repeat("2", 40), "\x05\x05\x01x")),
			[]string{"unresolved deltas", "ng refs/heads/env-a unpacker error"}},
		{"a delta that grows to a gigabyte", update + pack(object(packCommit, "", good), object(packTree, "", ""), object(packBlob, "", base),
			object(packDelta, idOf("blob", base), expanding(len(base), 1<<30))),
			[]string{"takes more than 256 MiB of memory to unpack", "core.bigFileThreshold", "ng refs/heads/env-a unpacker error"}},
		{"a commit without its tree", packets(none+" "+idOf("commit", lacking)+" refs/heads/env-a"+features, "", "") + pack(object(packCommit, "", lacking)), []string{"did not receive expected object"}},
		{"a name that some disk takes for .git", update + pack(object(packCommit, "", good), object(packTree, "", ""), object(packBlob, "", base),
			object(packTree, "", "100644 git~1\x00"+raw(idOf("blob", base)))),
			[]string{"git refuses the object", "breaks its rule hasDotgit", "git rev-list --objects --all | grep"}},
	} {
		t.Run(test.rule, func(t *testing.T) {
			t.Parallel()
			s := serve(t, nil)
			s.neverAsked(t)
			status, answer := s.post(t, "shop", test.body)
			if status != http.StatusOK {
				t.Errorf("status %d", status)
			}
			has(t, answer, test.shown...)
			s.at(t, "shop", "env-a", "")
			s.Server.Close()
			s.clean(t, "shop")
		})
	}
	t.Run("the pack that the others are made of is taken", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		_, answer := s.post(t, "shop", update+valid)
		has(t, answer, "ok refs/heads/env-a")
		s.at(t, "shop", "env-a", commit)
	})
}

func TestHostileCommands(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	s.neverAsked(t)
	for _, test := range []struct {
		rule, body string
		status     int
		shown      string
	}{
		{"a branch that is an option", packets(none+" "+commitA+" refs/heads/-rf"+features, "", ""), 200, "refs/heads/-rf"},
		{"a ref out of refs", packets(none+" "+commitA+" HEAD"+features, "", ""), 400, `"HEAD" is not the name of a ref`},
		{"a ref with dots", packets(none+" "+commitA+" refs/heads/../../config"+features, "", ""), 200, "ng refs/heads/../../config"},
		{"a command that is none", packets("hello", ""), 400, "is not a command of a push"},
		{"a signed push", packets("push-cert\x00"+features, "certificate", "push-cert-end\n", ""), 400, "signed pushes are not taken"},
		{"a size that is none", "zzzz", 400, "is not the size of a packet"},
		{"an end in the middle", packets(none + " " + commitA + " refs/heads/env-a" + features)[:50], 400, "cannot read a packet"},
		{"packets without end", strings.Repeat(packets("shallow "+commitA), 330_000), 400, "cannot read"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			status, answer := s.post(t, "shop", test.body)
			if status != test.status {
				t.Errorf("status %d", status)
			}
			has(t, answer, test.shown)
		})
	}
}

func TestCutOffPushes(t *testing.T) {
	t.Parallel()
	half := packets(none+" "+commitA+" refs/heads/env-a"+features, "", "") + pack(object(packBlob, "", strings.Repeat("x", 1000)))[:40]
	begin := func(t *testing.T, s *server) net.Conn {
		t.Helper()
		if err := s.CreateRepository(t.Context(), "shop"); err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		req, _ := http.NewRequest("POST", "/", nil)
		req.SetBasicAuth("alice", password)
		fmt.Fprintf(conn, "POST /shop.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n"+
			"Content-Type: application/x-git-receive-pack-request\r\nContent-Length: 5000\r\n\r\n%s", req.Header.Get("Authorization"), half)
		return conn
	}
	t.Run("a client that goes away in the middle of its pack leaves nothing", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		s.neverAsked(t)
		begin(t, s).Close()
		s.Server.Close() // waits for the push to end
		s.clean(t, "shop")
	})
	t.Run("a client that falls silent is cut off, told why, and leaves nothing", func(t *testing.T) {
		t.Parallel()
		s := serve(t, func(o *git.Options) { o.MaxSilence = 50 * time.Millisecond })
		s.neverAsked(t)
		resp, err := http.ReadResponse(bufio.NewReader(begin(t, s)), nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(resp.Body)
		has(t, string(answer), "the client sent nothing for 50ms")
		s.Server.Close()
		s.clean(t, "shop")
	})
	t.Run("what a killed server left of a push is removed at the next start", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		begin(t, s).Close()
		s.Server.Close()
		left := s.dir + "/shop.git/objects/tmp_objdir-incoming-abc"
		if err := os.MkdirAll(left+"/pack", 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := git.Open(git.Options{Dir: s.dir, Hook: []string{"x"}, Authorize: authorize, Receiver: receiver(nil)})
		if err != nil || exists(left) {
			t.Errorf("it is there: %t, %v", exists(left), err)
		}
	})
}
