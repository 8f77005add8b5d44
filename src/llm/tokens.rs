//! The estimate of a text's length in tokens, for where no provider has counted it.

/// How many tokens a text of `chars` characters is taken for: `chars / divisor`, rounded up.
///
/// `divisor` is the number of characters a token stands for on average, a positive number.
/// Around 2 overestimates prose and is close for code and markup.
pub fn estimate(chars: usize, divisor: f64) -> u64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate: exact up to 2^53 characters, and the cast back saturates"
    )]
    let tokens = (chars as f64 / divisor).ceil() as u64;
    tokens
}

#[cfg(test)]
mod tests {
    use super::estimate;

    #[test]
    fn a_started_token_counts_as_a_whole_one() {
        let seen = [(0, 2.0), (1, 2.0), (2, 2.0), (3, 2.0), (10, 3.5), (7, 1.0)]
            .map(|(chars, divisor)| estimate(chars, divisor));
        assert_eq!(seen, [0, 1, 1, 2, 3, 7]);
    }
}
