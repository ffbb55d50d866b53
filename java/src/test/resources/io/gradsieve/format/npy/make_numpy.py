"""Makes numpy.npz beside this file: the arrays that NpyReaderTest expects, as numpy writes them."""
import os
import numpy as np

i = np.arange(24)
np.savez_compressed(
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "numpy.npz"),
    u1=(i * 10).astype("u1").reshape(2, 3, 4),
    i1=(i - 12).astype("i1"),
    i2=(i * -1000).astype("<i2"),
    big_i4=(i * 100000 - 5).astype(">i4"),
    u4=(i + 4294967200).astype("<u4"),
    i8=(i - 2**40).astype("<i8"),
    u8=(i.astype("u8") + 2**63),
    b1=(i % 2 == 1),
    f4=(i / 7).astype("<f4"),
    big_f8=(i / 7).astype(">f8"),
    fortran=np.asfortranarray((i / 7).astype("<f8").reshape(2, 3, 4)),
    empty=np.zeros((0, 5), "<f4"),
    scalar=np.float32(3),
)
