package store

import (
	"encoding/json"
	"strings"
	"time"
)

// whole returns t as it is kept: in whole milliseconds, in UTC.
func whole(t time.Time) time.Time { return instant(millis(t)) }

// millis returns t in Unix milliseconds; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}

// text returns s as every database takes it: valid UTF-8 without NUL.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// toJSON encodes a record's part, of a type that always can be encoded.
func toJSON(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(data)
}
