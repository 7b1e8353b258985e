//! Reads one strict JSON text and gives an object's members as the texts they came as, so that nothing of them is altered.
//! Refuses members of one name, and numbers that no double is near to. A name is kept as UTF-16, in which half a
//! surrogate pair has a place, too.

const DEPTH_MAX: usize = 512;

pub struct Members(Vec<(Vec<u16>, String)>);

impl Members {
    pub fn none() -> Members {
        Members(Vec::new())
    }

    /// The JSON text of a member's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        let wanted: Vec<u16> = name.encode_utf16().collect();
        self.0.iter().find(|(given, _)| *given == wanted).map(|(_, text)| text.as_str())
    }

    /// The string that a member stands for; None if it is missing or none, or holds half a surrogate pair.
    pub fn string(&self, name: &str) -> Option<String> {
        let text = self.get(name)?;
        let units = Scanner { text: text.as_bytes(), at: 0 }.string().ok()?;
        String::from_utf16(&units).ok()
    }
}

/// One strict JSON text in UTF-8 that is an object; otherwise what is wrong with it.
pub fn object(bytes: &[u8]) -> Result<Members, String> {
    std::str::from_utf8(bytes).map_err(|_| "not UTF-8")?;
    let mut scanner = Scanner { text: bytes, at: 0 };
    let members = scanner.value(0)?;
    scanner.skip();
    if scanner.at < bytes.len() {
        return Err("no JSON: more than one text".into());
    }
    members.ok_or_else(|| "not an object".into())
}

pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c < ' ' => quoted += &format!("\\u{:04x}", c as u32),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn skip(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The next byte that is no white space; it is not passed over. 0 at the end.
    fn peek(&mut self) -> u8 {
        self.skip();
        self.here()
    }

    fn here(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn passes(&mut self, expected: u8) -> bool {
        let there = self.peek() == expected;
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, expected: u8) -> Result<(), String> {
        match self.passes(expected) {
            true => Ok(()),
            false => Err(format!("no JSON: expected {} at byte {}", expected as char, self.at)),
        }
    }

    /// Passes over a value; the members if it is an object.
    fn value(&mut self, depth: usize) -> Result<Option<Members>, String> {
        match self.peek() {
            b'{' | b'[' if depth == DEPTH_MAX => return Err("nested too deep".into()),
            b'{' => return self.members(depth + 1).map(Some),
            b'[' => self.array(depth + 1)?,
            b'"' => drop(self.string()?),
            b'-' | b'0'..=b'9' => self.number()?,
            _ => self.word()?,
        }
        Ok(None)
    }

    fn members(&mut self, depth: usize) -> Result<Members, String> {
        let mut members = Vec::new();
        self.expect(b'{')?;
        if self.passes(b'}') {
            return Ok(Members(members));
        }
        loop {
            if self.peek() != b'"' {
                return Err("no JSON: a member has no name".into());
            }
            let name = self.string()?;
            self.expect(b':')?;
            self.skip();
            let start = self.at;
            self.value(depth)?;
            let text = String::from_utf8_lossy(&self.text[start..self.at]).into_owned(); // UTF-8, as was checked
            members.push((name, text));
            if !self.passes(b',') {
                break;
            }
        }
        self.expect(b'}')?;
        let mut names: Vec<&Vec<u16>> = members.iter().map(|(name, _)| name).collect();
        names.sort();
        match names.windows(2).any(|pair| pair[0] == pair[1]) {
            true => Err("two members have one name".into()),
            false => Ok(Members(members)),
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), String> {
        self.expect(b'[')?;
        if self.passes(b']') {
            return Ok(());
        }
        loop {
            self.value(depth)?;
            if !self.passes(b',') {
                return self.expect(b']');
            }
        }
    }

    fn number(&mut self) -> Result<(), String> {
        let start = self.at;
        self.at += usize::from(self.here() == b'-');
        match self.here() {
            b'0' => self.at += 1,
            _ => self.digits()?,
        }
        let mut fraction = false;
        if self.here() == b'.' {
            self.at += 1;
            self.digits()?;
            fraction = true;
        }
        if matches!(self.here(), b'e' | b'E') {
            self.at += 1;
            self.at += usize::from(matches!(self.here(), b'+' | b'-'));
            self.digits()?;
            fraction = true;
        }
        let text = String::from_utf8_lossy(&self.text[start..self.at]);
        match fraction && text.parse::<f64>().map_or(true, f64::is_infinite) {
            true => Err("a number is too large".into()),
            false => Ok(()),
        }
    }

    /// At least one.
    fn digits(&mut self) -> Result<(), String> {
        let start = self.at;
        while self.here().is_ascii_digit() {
            self.at += 1;
        }
        match self.at > start {
            true => Ok(()),
            false => Err(format!("no JSON: a digit is missing at byte {start}")),
        }
    }

    fn word(&mut self) -> Result<(), String> {
        let rest = &self.text[self.at..];
        let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word.as_bytes()));
        self.at += word.map_or(0, str::len);
        word.map(drop).ok_or_else(|| format!("no JSON: no value at byte {}", self.at))
    }

    /// A string, from its quote on, as UTF-16.
    fn string(&mut self) -> Result<Vec<u16>, String> {
        let mut units = Vec::new();
        self.expect(b'"')?;
        let mut plain = self.at; // where characters begin that stand for themselves
        loop {
            let byte = self.here();
            if byte < b' ' {
                return Err("no JSON: a string has no end, or holds a control character".into());
            }
            if byte == b'"' || byte == b'\\' {
                units.extend(String::from_utf8_lossy(&self.text[plain..self.at]).encode_utf16());
            }
            self.at += 1;
            match byte {
                b'"' => return Ok(units),
                b'\\' => {
                    units.push(self.escaped()?);
                    plain = self.at;
                }
                _ => (),
            }
        }
    }

    fn escaped(&mut self) -> Result<u16, String> {
        let c = self.here();
        self.at += 1;
        Ok(match c {
            b'"' | b'\\' | b'/' => u16::from(c),
            b'b' => 8,
            b'f' => 12,
            b'n' => 10,
            b'r' => 13,
            b't' => 9,
            b'u' => return self.unit(),
            _ => return Err("no JSON: an unknown escape".into()),
        })
    }

    fn unit(&mut self) -> Result<u16, String> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        self.at += 4;
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).ok_or_else(|| "no JSON: an unknown escape".into())
    }
}
