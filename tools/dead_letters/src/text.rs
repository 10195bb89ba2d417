//! Bytes as text or hex, without control characters that would change the terminal. Pure: must not know what the bytes mean.

use std::fmt::Write;

const BYTES_A_LINE: usize = 16;

/// The text itself where it is UTF-8 without control characters, else its hex digits.
pub fn text_or_hex(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => format!("0x{}", hex(bytes)),
    }
}

/// At most `limit` bytes of it: as lines of text where all of it is printable, else as a hex dump.
pub fn dump(bytes: &[u8], limit: usize) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().all(is_plain) => {
            text[..text.floor_char_boundary(limit)].to_owned()
        }
        _ => hex_dump(&bytes[..bytes.len().min(limit)]),
    }
}

/// In one line, of at most `limit` characters, with control characters escaped.
pub fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    for character in text.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    if line.chars().count() > limit {
        line = line.chars().take(limit.saturating_sub(1)).collect();
        line.push('…');
    }
    line
}

fn is_plain(character: char) -> bool {
    !character.is_control() || matches!(character, '\n' | '\t')
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // a string takes everything
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

fn hex_dump(bytes: &[u8]) -> String {
    let line = |(index, chunk): (usize, &[u8])| {
        let digits: Vec<String> = chunk.iter().map(|byte| hex(&[*byte])).collect();
        let signs: String = chunk.iter().map(|byte| sign(*byte)).collect();
        format!(
            "{:08x}  {:<47}  |{signs}|",
            index * BYTES_A_LINE,
            digits.join(" ")
        )
    };
    let lines: Vec<String> = bytes.chunks(BYTES_A_LINE).enumerate().map(line).collect();
    lines.join("\n")
}

fn sign(byte: u8) -> char {
    match byte {
        b' '..=b'~' => byte.into(),
        _ => '.',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_text_or_hex() {
        assert_eq!(text_or_hex("주문 1".as_bytes()), "주문 1");
        assert_eq!(text_or_hex(b""), "");
        assert_eq!(text_or_hex(&[0, 0, 0, 3]), "0x00000003");
        assert_eq!(text_or_hex(b"\x1b[2J"), "0x1b5b324a");
        assert_eq!(text_or_hex(b"\xff"), "0xff");
    }

    mod dump {
        use super::*;

        #[test]
        fn of_text_is_cut_between_characters() {
            assert_eq!(dump("{\n\t\"a\": 1}".as_bytes(), 100), "{\n\t\"a\": 1}");
            assert_eq!(dump("가나".as_bytes(), 4), "가");
        }

        #[test]
        fn of_bytes_is_hex_beside_their_letters() {
            let dumped = dump(b"\x00order 1\xffabcdefgh", 17);
            let lines: Vec<&str> = dumped.lines().collect();
            assert_eq!(
                lines,
                [
                    "00000000  00 6f 72 64 65 72 20 31 ff 61 62 63 64 65 66 67  |.order 1.abcdefg|",
                    "00000010  68                                               |h|",
                ]
            );
            assert_eq!(dump(b"\xff\xff\xff", 1).lines().count(), 1);
        }
    }

    #[test]
    fn one_line_is_cut_and_escaped() {
        assert_eq!(one_line("a\nb\u{1b}", 100), "a\\nb\\u{1b}");
        assert_eq!(one_line("abcdef", 4), "abc…");
        assert_eq!(one_line("abcd", 4), "abcd");
    }
}
