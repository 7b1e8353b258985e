package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

const depthMax = 512

// members are the top level of an object: each value is the JSON text as it came, so that nothing of it is altered.
type members map[string]json.RawMessage

// strictObject reads one strict JSON text in UTF-8 that is an object. It refuses what encoding/json lets pass:
// members of one name, numbers that no double is near to, bytes that are not UTF-8.
func strictObject(text []byte) (members, error) {
	if !utf8.Valid(text) || !json.Valid(text) {
		return nil, errors.New("no JSON in UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := checkValue(decoder, 0); err != nil {
		return nil, err
	}
	var found members
	if err := json.Unmarshal(text, &found); err != nil || found == nil {
		return nil, errors.New("not an object")
	}
	return found, nil
}

func checkValue(decoder *json.Decoder, depth int) error {
	token, err := decoder.Token()
	if err != nil {
		return fmt.Errorf("no JSON: %w", err)
	}
	switch value := token.(type) {
	case json.Number:
		if _, err := strconv.ParseFloat(value.String(), 64); err != nil && bytes.ContainsAny([]byte(value), ".eE") {
			return errors.New("a number is too large")
		}
	case json.Delim:
		if depth == depthMax {
			return errors.New("nested too deep")
		}
		return checkInside(decoder, value == '{', depth+1)
	}
	return nil
}

func checkInside(decoder *json.Decoder, isObject bool, depth int) error {
	names := map[string]bool{}
	for decoder.More() {
		if isObject {
			token, err := decoder.Token()
			if err != nil {
				return fmt.Errorf("no JSON: %w", err)
			}
			name := token.(string)
			if names[name] {
				return errors.New("two members have one name")
			}
			names[name] = true
		}
		if err := checkValue(decoder, depth); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil && err != io.EOF {
		return fmt.Errorf("no JSON: %w", err)
	}
	return nil
}

// text is the string that a member holds; false if it is missing or none.
func (given members) text(name string) (string, bool) {
	var value *string
	err := json.Unmarshal(given[name], &value)
	if err != nil || value == nil {
		return "", false
	}
	return *value, true
}

func quoted(text string) string {
	written, _ := json.Marshal(text) // a string can always be written
	return string(written)
}
