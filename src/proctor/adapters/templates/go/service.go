package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"regexp"
	"strconv"
)

const (
	frameBytesMax = 16 * 1024 * 1024
	piMax         = 1_000_000_000
)

var (
	errTooLarge = errors.New("a frame over the limit was announced")
	integer     = regexp.MustCompile(`^[0-9]{1,10}$`)
)

// refused is a request that is answered with an error of the contract.
type refused struct{ code, message string }

func (r refused) Error() string { return r.message }

// A method takes the JSON text of its params, and returns the reply's name and the JSON text of its result.
type method func(params []byte) (string, []byte, error)

var methods = map[string]method{"ping": ping, "pi": pi} // a new one is claimed in impl.toml, [capabilities]

func ping(params []byte) (string, []byte, error) { return "pong", params, nil }

func pi(params []byte) (string, []byte, error) {
	n, err := strconv.Atoi(string(params))
	if err != nil || !integer.Match(params) || n > piMax {
		return "", nil, refused{"bad_params", fmt.Sprintf("pi takes an integer from 0 to %d", piMax)}
	}
	sum := 0.0
	for i := n; i >= 0; i-- { // the smallest terms first: a large sum would swallow them
		odd := float64(2*i + 1)
		sum += 1 / (odd * odd)
	}
	result, err := json.Marshal(math.Sqrt(8 * sum))
	return "pi_r", result, err
}

// converse answers one request after the other, until the client sends no more.
func converse(connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReader(connection)
	for {
		body, err := readFrame(reader)
		if errors.Is(err, errTooLarge) {
			writeFrame(connection, refusal("too_large", err.Error()))
		}
		if err != nil || writeFrame(connection, answer(body)) != nil {
			return
		}
	}
}

func readFrame(reader io.Reader) ([]byte, error) {
	var header [4]byte
	if _, err := io.ReadFull(reader, header[:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(header[:])
	if length > frameBytesMax {
		return nil, errTooLarge
	}
	var body bytes.Buffer // grows with what comes, not with what was announced
	_, err := io.CopyN(&body, reader, int64(length))
	return body.Bytes(), err
}

func writeFrame(connection net.Conn, body []byte) error {
	frame := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body)))
	_, err := connection.Write(append(frame, body...))
	return err
}

func answer(body []byte) []byte {
	out, result, err := execute(body)
	var refusedAs refused
	if errors.As(err, &refusedAs) {
		return refusal(refusedAs.code, refusedAs.message)
	}
	if err != nil {
		return refusal("internal", "the server is at fault")
	}
	reply := bytes.Join([][]byte{[]byte(`{"out":` + quoted(out) + `,"result":`), result, []byte("}")}, nil)
	if len(reply) > frameBytesMax {
		return refusal("too_large", "the reply would be over the limit")
	}
	return reply
}

func execute(body []byte) (string, []byte, error) {
	request, err := strictObject(body)
	if err != nil {
		return "", nil, refused{"bad_request", err.Error()}
	}
	name, isText := request.text("in")
	params, isThere := request["params"]
	if !isText || !isThere {
		return "", nil, refused{"bad_request", `a request is an object with "in", a string, and "params"`}
	}
	method, known := methods[name]
	if !known {
		return "", nil, refused{"unknown_method", "there is no such method"}
	}
	return method(params)
}

func refusal(code, message string) []byte {
	return []byte(`{"out":"error","result":{"code":` + quoted(code) + `,"message":` + quoted(message) + `}}`)
}
