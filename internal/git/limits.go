package git

import (
	"log/slog"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	aloft "github.com/aloft-dev/aloft"
)

// What applies where Options say nothing.
const (
	DefaultMaxPush          = 200 << 20 // bytes
	DefaultMaxRefs          = 100
	DefaultMaxCheckoutFiles = 250_000
	DefaultMaxCheckoutBytes = 8 << 30
	DefaultMaxSilence       = 2 * time.Minute
)

// setDefaults fills in the limits and the logger that are not set.
func (o *Options) setDefaults() {
	if o.MaxPush == 0 {
		o.MaxPush = DefaultMaxPush
	}
	if o.MaxRefs == 0 {
		o.MaxRefs = DefaultMaxRefs
	}
	if o.MaxCheckoutFiles == 0 {
		o.MaxCheckoutFiles = DefaultMaxCheckoutFiles
	}
	if o.MaxCheckoutBytes == 0 {
		o.MaxCheckoutBytes = DefaultMaxCheckoutBytes
	}
	if o.MaxSilence == 0 {
		o.MaxSilence = DefaultMaxSilence
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// The errors below are about limits: each names the limit, and how to change it.

func (o *Options) errPushSize() error {
	return aloft.Errorf(aloft.CodeInvalid, "the push is larger than the limit push-size, %s", humanize.IBytes(uint64(o.MaxPush))).
		WithHint("push less, or start the server with a higher limit: aloft serve --limit push-size=%s", size(5*o.MaxPush))
}

func (o *Options) errPushRefs(refs int) error {
	return aloft.Errorf(aloft.CodeInvalid, "the push has %d refs, the limit push-refs is %d", refs, o.MaxRefs).
		WithHint("push fewer branches at a time, or start the server with a higher limit: aloft serve --limit push-refs=%d", refs)
}

func (o *Options) errCheckoutFiles() error {
	return aloft.Errorf(aloft.CodeInvalid, "the tree has more files and folders than the limit checkout-files, %d", o.MaxCheckoutFiles).
		WithHint("start the server with a higher limit: aloft serve --limit checkout-files=%d", 2*o.MaxCheckoutFiles)
}

func (o *Options) errCheckoutSize() error {
	return aloft.Errorf(aloft.CodeInvalid, "the files of the tree are larger than the limit checkout-size, %s", humanize.IBytes(uint64(o.MaxCheckoutBytes))).
		WithHint("start the server with a higher limit: aloft serve --limit checkout-size=%s", size(2*o.MaxCheckoutBytes))
}

// size writes a number of bytes as --limit takes it, rounded up: "1GiB".
func size(bytes int64) string {
	units := []string{"B", "KiB", "MiB", "GiB"}
	unit := 0
	for ; unit < len(units)-1 && bytes >= 1000; unit++ {
		bytes = (bytes + 1023) / 1024
	}
	return strconv.FormatInt(bytes, 10) + units[unit]
}
