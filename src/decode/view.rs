//! One output of a network, borrowed.

use super::{DecodeError, HeadKind};

/// An output as the network left it.
#[derive(Debug, Clone, Copy)]
pub struct OutputView<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its shape.
    pub shape: &'a [usize],
    /// Its values, last axis fastest.
    pub data: &'a [f32],
}

/// One picture's part of an output of three axes (picture, row, column).
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    pub rows: usize,
    pub columns: usize,
    pub data: &'a [f32],
}

impl<'a> OutputView<'a> {
    /// The error that this output has another shape than `expected`.
    pub(super) fn unexpected(&self, head: HeadKind, expected: impl Into<String>) -> DecodeError {
        DecodeError::UnexpectedShape {
            head,
            output: self.name.to_owned(),
            found: self.shape.to_vec(),
            expected: expected.into(),
        }
    }

    /// Picture `item` of the output `index` of `outputs`.
    pub(super) fn table(
        head: HeadKind,
        outputs: &[OutputView<'a>],
        index: usize,
        item: usize,
    ) -> Result<(OutputView<'a>, Table<'a>), DecodeError> {
        let view = *outputs.get(index).ok_or(DecodeError::MissingOutput { head, index, found: outputs.len() })?;
        let &[pictures, rows, columns] = view.shape else {
            return Err(view.unexpected(head, "three axes (picture, row, column)"));
        };
        if item >= pictures {
            return Err(DecodeError::NoSuchItem { item, output: view.name.to_owned(), found: pictures });
        }
        let size = rows * columns;
        match view.data.get(item * size..(item + 1) * size) {
            Some(data) if columns > 0 => Ok((view, Table { rows, columns, data })),
            Some(_) => Err(view.unexpected(head, "at least one column")),
            None => {
                Err(view.unexpected(head, format!("as many values as its shape says, but has {}", view.data.len())))
            }
        }
    }
}

impl<'a> Table<'a> {
    pub fn rows(&self) -> impl Iterator<Item = &'a [f32]> + use<'a> {
        self.data.chunks_exact(self.columns)
    }
}
