package azure

import (
	"fmt"
	"regexp"
	"strconv"
)

// mark tells which version something is.
type mark struct {
	Artifact  string // id of the artifact, or digest of the image
	Revision  string // commit
	RunID     int64
	reference string // of the image; "" = it is an archive
}

// String is the mark as the message of a deployment.
func (m mark) String() string {
	return fmt.Sprintf("aloft artifact=%s commit=%s run=%d", m.Artifact, m.Revision, m.RunID)
}

var markRule = regexp.MustCompile(`^aloft artifact=([0-9A-Za-z:._-]{1,200}) commit=([0-9a-f]{0,64}) run=(\d{1,18})$`)

// parseMark reads what String has written; ok is false for what others write.
func parseMark(text string) (m mark, ok bool) {
	found := markRule.FindStringSubmatch(text)
	if found == nil {
		return mark{}, false
	}
	run, err := strconv.ParseInt(found[3], 10, 64)
	return mark{Artifact: found[1], Revision: found[2], RunID: run}, err == nil
}
