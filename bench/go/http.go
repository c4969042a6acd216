// SPDX-License-Identifier: MIT

// bench/http/cmio_green.c in Go: the same parser, the same responses, a goroutine for each connection
// that reads, answers and sleeps.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"runtime"
	"time"
)

const (
	response = "HTTP/1.1 200 OK\r\n" +
		"Content-Type: text/plain\r\n" +
		"Content-Length: 13\r\n" +
		"Connection: keep-alive\r\n" +
		"\r\n" +
		"Hello, world\n"
	inputSize = 16384
	headMost  = 8192
	sleepMost = 100000000
	atOnce    = 64
)

var output = bytes.Repeat([]byte(response), atOnce)

// The length of the head that begins here, its end included; 0 while there is no end.
func headLength(text []byte) int {
	line := 0
	for {
		end := bytes.IndexByte(text[line:], '\n')
		if end < 0 {
			return 0
		}
		line += end + 1
		if len(text)-line >= 2 && text[line] == '\r' && text[line+1] == '\n' {
			return line + 2
		}
	}
}

// The length of the head of the request that begins here: 0 when there is more to come, -1 when it
// is bad.
func parse(text []byte) (head int, milliseconds int) {
	head = headLength(text)
	if head == 0 {
		if len(text) < headMost {
			return 0, 0
		}
		return -1, 0
	}
	if !bytes.HasPrefix(text[:head], []byte("GET /")) {
		return -1, 0
	}
	digits := 5
	for ; text[digits] >= '0' && text[digits] <= '9'; digits++ {
		milliseconds = milliseconds*10 + int(text[digits]-'0')
		if milliseconds > sleepMost {
			return -1, 0
		}
	}
	if digits == 5 || !bytes.HasPrefix(text[digits:head], []byte(" HTTP/1.")) {
		return -1, 0
	}
	return head, milliseconds
}

// What has been read of a connection, and what follows from that.
type talk struct {
	length, due, milliseconds int
	isBad                     bool
	input                     [inputSize]byte
}

// Takes requests up to one that sleeps, or a bad one.
func (t *talk) take() {
	done := 0
	t.milliseconds = 0
	for t.milliseconds == 0 && done < t.length {
		head, milliseconds := parse(t.input[done:t.length])
		if head <= 0 {
			t.isBad = head < 0
			break
		}
		done += head
		t.milliseconds = milliseconds
		if milliseconds == 0 {
			t.due++
		}
	}
	copy(t.input[:], t.input[done:t.length])
	t.length -= done
}

func (t *talk) answer(connection net.Conn) bool {
	for t.due > 0 {
		count := t.due
		if count > atOnce {
			count = atOnce
		}
		t.due -= count
		if _, err := connection.Write(output[:count*len(response)]); err != nil {
			return false
		}
	}
	return true
}

func serve(connection net.Conn) {
	defer connection.Close()
	t := new(talk)
	for !t.isBad {
		count, err := connection.Read(t.input[t.length:])
		if err != nil {
			return
		}
		t.length += count
		for {
			t.take()
			if !t.answer(connection) {
				return
			}
			if t.milliseconds == 0 {
				break
			}
			time.Sleep(time.Duration(t.milliseconds) * time.Millisecond)
			t.due = 1
		}
	}
}

func main() {
	port := flag.Int("port", 0, "the port to listen at")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		panic(err)
	}
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	for {
		connection, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go serve(connection)
	}
}
