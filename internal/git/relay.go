package git

import (
	"bytes"
	"io"
	"regexp"

	aloft "github.com/aloft-dev/aloft"
)

// relay hands git's answer to a push on, packet by packet, and explains at its
// end what git says in few words: a limit, or a rule of git's that an object breaks.
type relay struct {
	w       io.Writer
	explain func(said []byte) error // nil = there is nothing to explain
	said    head                    // what the pusher was shown: a line may end in the next packet
	done    bool                    // git took the objects; from there on a run speaks, not git
	refused error                   // why git refused a ref, where its own words leave open what to do
}

func newRelay(w io.Writer, explain func(said []byte) error) *relay {
	return &relay{w: w, explain: explain, said: head{limit: 64 << 10}}
}

// copy reads the answer to its end. What is no packet is handed on as it is.
func (r *relay) copy(answer io.Reader) error {
	var packet bytes.Buffer
	for {
		packet.Reset()
		payload, flush, err := readPacket(io.TeeReader(answer, &packet))
		if err != nil {
			if packet.Len() > 0 {
				_, _ = packet.WriteTo(r.w)
				_, err := io.Copy(r.w, answer)
				return err
			}
			return nil
		}
		r.note(payload)
		if flush {
			if err := r.end(); err != nil {
				return err
			}
		}
		if _, err := packet.WriteTo(r.w); err != nil {
			return err
		}
	}
}

func (r *relay) note(payload []byte) {
	switch {
	case len(payload) == 0:
	case payload[0] == progressBand:
		_, _ = r.said.Write(payload[1:])
	case payload[0] == dataBand:
		r.done = r.done || bytes.Contains(payload, []byte("unpack ok\n"))
		for words, why := range refusals {
			if bytes.Contains(payload, []byte(" "+words+"\n")) {
				r.refused = why
			}
		}
	}
}

// end adds the explanation before the packet that ends the answer.
func (r *relay) end() error {
	var err error
	switch {
	case r.refused != nil:
		err = r.refused
	case !r.done:
		err = r.explain(r.said.Bytes())
	}
	if err == nil {
		return nil
	}
	var packets bytes.Buffer
	writeBand(&packets, progressBand, alarm(err))
	_, err = packets.WriteTo(r.w)
	return err
}

// refusals are why git refuses a ref, by its words.
var refusals = map[string]error{
	// It lacks what is before the commits of a shallow clone.
	"shallow update not allowed": aloft.Errorf(aloft.CodeInvalid, "this is a shallow clone, and the server has not the commits that it lacks").
		WithHint("get them, then push again: git fetch --unshallow"),
	// git 2.39.5 when it packs at this very moment: findings/git-push-beside-prune-packed.sh.
	"unable to migrate objects to permanent storage": aloft.Errorf(aloft.CodeUnavailable, "the server was tidying the repository, or its disk is full; nothing was changed").
		WithHint("push again"),
}

var (
	brokenRule = regexp.MustCompile(`object ([0-9a-f]{40,64}): ([A-Za-z]+): `)
	tooLarge   = []byte("over limit")
	overSize   = []byte("pack exceeds maximum allowed size")
)

// explain tells what git's own words leave open.
func (o *Options) explain(said []byte) error {
	switch found := brokenRule.FindSubmatch(said); {
	case bytes.Contains(said, overSize):
		return o.errPushSize()
	case found != nil:
		return aloft.Errorf(aloft.CodeInvalid, "git refuses the object %.12s, which breaks its rule %s", found[1], found[2]).
			WithHint("this tells its path: git rev-list --objects --all | grep %.12s", found[1])
	case bytes.Contains(said, tooLarge):
		return aloft.Errorf(aloft.CodeInvalid, "an object of the push takes more than %d MiB of memory to unpack", allocLimit>>20).
			WithHint("a large file goes through when it is sent as it is: git -c core.bigFileThreshold=16m push --no-thin …")
	}
	return nil
}
