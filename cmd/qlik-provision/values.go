package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// A value is a flag's value, checked when it is parsed.
type value struct {
	set   func(string) error // its error says what the flag takes
	typed []string           // more than one where the flag was given several times
}

func (v *value) Type() string   { return "value" }
func (v *value) String() string { return strings.Join(v.typed, ",") }

func (v *value) Set(s string) error {
	v.typed = append(v.typed, s)
	return v.set(s)
}

// into is a value that parse reads and that is stored in to.
func into[T any](to *T, parse func(string) (T, error)) *value {
	return &value{set: func(s string) (err error) {
		*to, err = parse(s)
		return err
	}}
}

// each is a value that may be given several times: parse reads each, and it is added to to.
func each(to *[]string, parse func(string) (string, error)) *value {
	return &value{set: func(s string) error {
		v, err := parse(s)
		*to = append(*to, v)
		return err
	}}
}

// nonEmpty reads any text but an empty one, which a variable that is not set leaves behind.
func nonEmpty(s string) (string, error) {
	if s == "" {
		return "", errors.New("give it a value, or leave it out")
	}
	return s, nil
}

// unquoted reads a header, a template or the like. It refuses one in single quotes, which cmd.exe does not remove.
func unquoted(s string) (string, error) {
	if inner, ok := strings.CutPrefix(s, "'"); ok && strings.HasSuffix(inner, "'") {
		inner = strings.TrimSuffix(inner, "'")
		return "", fmt.Errorf(`this shell does not remove single quotes, use double ones: "%s"`, inner)
	}
	return nonEmpty(s)
}

// outputFile reads the name of a file to write.
func outputFile(s string) (string, error) {
	info, err := os.Stat(s)
	switch {
	case s == "-":
		return "", errors.New("name a file: it is not written to standard output")
	case err == nil && info.IsDir(), s != "" && os.IsPathSeparator(s[len(s)-1]):
		return "", errors.New("it is a folder: name the file in it")
	}
	return nonEmpty(s)
}

// oneOf reads one of some words.
func oneOf(words ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		if !slices.Contains(words, s) {
			return "", errors.New("one of " + strings.Join(words, ", "))
		}
		return s, nil
	}
}

func parseNumber(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, errors.New("a number from 1")
	}
	return n, nil
}

func parseWorkers(s string) (int, error) {
	n, err := parseNumber(s)
	if err != nil || n > 1000 {
		return 0, errors.New("a number from 1 to 1000")
	}
	return n, nil
}

func parseTime(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if _, unitless := strconv.ParseFloat(s, 64); unitless == nil {
		return 0, fmt.Errorf("a time needs a unit: %[1]ss or %[1]sm", s)
	}
	if err != nil || d <= 0 {
		return 0, errors.New("a time like 30s or 15m")
	}
	return d, nil
}

// parseRate reads N/s, N/m, N/h, or off: writes a second.
func parseRate(s string) (rate.Limit, error) {
	if s == "off" {
		return rate.Inf, nil
	}
	amount, unit, _ := strings.Cut(s, "/")
	per, known := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	n, err := strconv.ParseFloat(amount, 64)
	limit := rate.Limit(n / per.Seconds())
	if err != nil || !known || !(limit > 0) || math.IsInf(n, 0) {
		return 0, errors.New("a rate is N/s, N/m, N/h, or off")
	}
	return limit, nil
}

func parseDelimiter(s string) (rune, error) {
	named := map[string]rune{"comma": ',', "semicolon": ';', "tab": '\t', `\t`: '\t', "pipe": '|'}
	if r, ok := named[strings.ToLower(s)]; ok {
		return r, nil
	}
	runes := []rune(s)
	if len(runes) != 1 || strings.ContainsRune("\"\r\n\x00\ufeff\ufffd", runes[0]) {
		return 0, errors.New("comma, semicolon, tab, pipe, or one character")
	}
	return runes[0], nil
}
