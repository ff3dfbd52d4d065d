package provider

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// minMemory is the least limit that a process can be held to, in bytes.
const minMemory = 16 << 20

var memoryText = regexp.MustCompile(`^([0-9]{1,18}) ?(B|MB|GB|MiB|GiB)$`)

// units of memory, largest first.
var units = []struct {
	name string
	size int64
}{{"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"B", 1}}

// ParseMemory reads an amount of memory such as "256MB" as bytes; "" is 0, no limit.
func ParseMemory(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	match := memoryText.FindStringSubmatch(text)
	if match == nil {
		return 0, fmt.Errorf("%q is not an amount of memory: it is a whole number and a unit, MB, GB, MiB or GiB, such as 256MB", text)
	}
	number, err := strconv.ParseInt(match[1], 10, 64)
	if err != nil {
		return 0, err
	}
	for _, unit := range units {
		if unit.name == match[2] && number <= math.MaxInt64/unit.size {
			return number * unit.size, nil
		}
	}
	return 0, fmt.Errorf("%q is more memory than any machine has", text)
}

// FormatMemory writes bytes in the largest unit that holds them exactly; 0 is "".
func FormatMemory(bytes int64) string {
	if bytes <= 0 {
		return ""
	}
	for _, unit := range units {
		if bytes%unit.size == 0 {
			return strconv.FormatInt(bytes/unit.size, 10) + unit.name
		}
	}
	return ""
}

var memoryRule = rule{"at least 16MiB", func(text string) error {
	bytes, err := ParseMemory(text)
	switch {
	case err != nil:
		return err
	case bytes < minMemory:
		return fmt.Errorf("%q is too little: a process takes at least %s", text, FormatMemory(minMemory))
	}
	return nil
}}
