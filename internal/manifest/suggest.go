package manifest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// didYouMean returns " (did you mean …?)" with the known key nearest to key, or
// the list of all keys when none is near.
func didYouMean[V any](key string, known map[string]V) string {
	keys := slices.Sorted(maps.Keys(known))
	best, distance := "", len(key)/2+1
	for _, candidate := range keys {
		if n := edits(strings.ToLower(key), candidate); n < distance {
			best, distance = candidate, n
		}
	}
	if best != "" {
		return fmt.Sprintf(" (did you mean %q?)", best)
	}
	return fmt.Sprintf(" (the keys here are %s)", strings.Join(keys, ", "))
}

// edits counts the insertions, deletions, replacements and swaps of neighbours
// that turn a into b.
func edits(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			n := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				n = min(n, rows[i-2][j-2]+1)
			}
			rows[i][j] = n
		}
	}
	return rows[len(a)][len(b)]
}

var (
	bare = regexp.MustCompile(`^[1-9][0-9]{0,5}$`)
	days = regexp.MustCompile(`^\s*([0-9]{1,5})\s*(d|days?|w|weeks?)\s*$`)
)

// nearestDuration turns days and weeks, which durations do not have, into hours.
func nearestDuration(text string) string {
	if bare.MatchString(text) {
		return fmt.Sprintf("its unit as well, such as %ss, %sm or %sh", text, text, text)
	}
	match := days.FindStringSubmatch(text)
	if match == nil {
		return "hours, minutes or seconds, such as 72h or 90m"
	}
	n, err := strconv.Atoi(match[1])
	if err != nil || n == 0 {
		return "such as 72h"
	}
	if match[2][0] == 'w' {
		n *= 7
	}
	return fmt.Sprintf("%dh", n*24)
}
